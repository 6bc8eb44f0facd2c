package io.sifter.network.json;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;

/**
 * Small documents of registries and credential files as maps, lists and strings. Read with the streaming parser, since
 * data binding would cost more at start than all of these documents together.
 */
public final class Json {
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(64).build())
            .build();

    private Json() {}

    /** The object in {@code content}, names in document order, scalars as text; empty if it is anything else. */
    public static Optional<Map<String, Object>> object(byte[] content) {
        try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), content)) {
            return parser.nextToken() == JsonToken.START_OBJECT ? Optional.of(read(parser)) : Optional.empty();
        } catch (JacksonException malformed) {
            return Optional.empty();
        }
    }

    public static Optional<String> text(Map<String, Object> object, String name) {
        return object.get(name) instanceof String text && !text.isEmpty() ? Optional.of(text) : Optional.empty();
    }

    @SuppressWarnings("unchecked")
    public static Map<String, Object> child(Map<String, Object> object, String name) {
        return object.get(name) instanceof Map<?, ?> child ? (Map<String, Object>) child : Map.of();
    }

    @SuppressWarnings("unchecked")
    public static List<Map<String, Object>> children(Map<String, Object> object, String name) {
        return object.get(name) instanceof List<?> list
                ? list.stream().filter(Map.class::isInstance).map(item -> (Map<String, Object>) item).toList()
                : List.of();
    }

    private static Map<String, Object> read(JsonParser parser) {
        Map<String, Object> root = new LinkedHashMap<>();
        Deque<Object> open = new ArrayDeque<>(List.of(root));
        while (!open.isEmpty()) {
            JsonToken token = parser.nextToken();
            switch (token) {
                case START_OBJECT -> open.push(add(open.peek(), parser.currentName(), new LinkedHashMap<String, Object>()));
                case START_ARRAY -> open.push(add(open.peek(), parser.currentName(), new ArrayList<>()));
                case END_OBJECT, END_ARRAY -> open.pop();
                case PROPERTY_NAME, VALUE_NULL -> { }
                case null -> throw new IllegalStateException("The parser reports an early end itself");
                default -> add(open.peek(), parser.currentName(), parser.getString());
            }
        }
        return root;
    }

    @SuppressWarnings("unchecked")
    private static <T> T add(Object parent, String name, T value) {
        if (parent instanceof Map<?, ?> map) {
            ((Map<String, Object>) map).put(name, value);
        } else {
            ((List<Object>) parent).add(value);
        }
        return value;
    }
}
