package io.sifter.network.json;

import io.sifter.image.document.Json;
import io.sifter.spi.error.CorruptDataException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** A JSON object read leniently: a member of another kind than expected counts as absent. */
public record JsonObject(Map<String, Object> members) {
    private static final JsonObject EMPTY = new JsonObject(Map.of());

    public JsonObject {
        Objects.requireNonNull(members);
    }

    /** The object that is all of {@code content}; empty if it is anything else. */
    public static Optional<JsonObject> parse(byte[] content) {
        try {
            return of(Json.parse(content, "The text"));
        } catch (CorruptDataException somethingElse) {
            return Optional.empty();
        }
    }

    @SuppressWarnings("unchecked")
    private static Optional<JsonObject> of(Object value) {
        return value instanceof Map<?, ?> map ? Optional.of(new JsonObject((Map<String, Object>) map)) : Optional.empty();
    }

    public Set<String> names() {
        return members.keySet();
    }

    /** A text that is not empty. */
    public Optional<String> text(String name) {
        return members.get(name) instanceof String text && !text.isEmpty() ? Optional.of(text) : Optional.empty();
    }

    public Optional<Long> number(String name) {
        return members.get(name) instanceof Long number ? Optional.of(number) : Optional.empty();
    }

    /** The object of that name, or one without members. */
    public JsonObject child(String name) {
        return of(members.get(name)).orElse(EMPTY);
    }

    /** The objects in the list of that name. */
    public List<JsonObject> children(String name) {
        Stream<?> items = members.get(name) instanceof List<?> list ? list.stream() : Stream.empty();
        return items.map(JsonObject::of).flatMap(Optional::stream).toList();
    }
}
