package io.sifter.image.document;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.reference.Digest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A JSON object and where it stands, for typed access whose errors name the member. A member that is {@code null}
 * counts as absent, as in Go.
 */
record Members(Map<?, ?> values, String where) {
    static Members of(Object value, String where) throws CorruptDataException {
        if (value instanceof Map<?, ?> map) {
            return new Members(map, where);
        }
        throw mismatch(where, "an object", value);
    }

    boolean has(String name) {
        return values.get(name) != null;
    }

    Optional<String> string(String name) throws CorruptDataException {
        return typed(name, String.class, "a string");
    }

    /** As {@link #string}, with the empty string absent: Go writes it for what is not set. */
    Optional<String> text(String name) throws CorruptDataException {
        return string(name).filter(text -> !text.isEmpty());
    }

    Optional<Long> integer(String name) throws CorruptDataException {
        return typed(name, Long.class, "an integer");
    }

    boolean truth(String name) throws CorruptDataException {
        return typed(name, Boolean.class, "true or false").orElse(false);
    }

    Optional<Digest> digest(String name) throws CorruptDataException {
        Optional<String> text = string(name);
        return text.isEmpty() ? Optional.empty() : Optional.of(digest(text.get(), path(name)));
    }

    Optional<Members> object(String name) throws CorruptDataException {
        Object value = values.get(name);
        return value == null ? Optional.empty() : Optional.of(of(value, path(name)));
    }

    List<Members> objects(String name) throws CorruptDataException {
        List<Members> objects = new ArrayList<>();
        for (Object element : list(name)) {
            objects.add(of(element, "%s[%d]".formatted(path(name), objects.size())));
        }
        return List.copyOf(objects);
    }

    List<String> strings(String name) throws CorruptDataException {
        List<String> strings = new ArrayList<>();
        for (Object element : list(name)) {
            if (!(element instanceof String string)) {
                throw mismatch("%s[%d]".formatted(path(name), strings.size()), "a string", element);
            }
            strings.add(string);
        }
        return List.copyOf(strings);
    }

    List<Digest> digests(String name) throws CorruptDataException {
        List<Digest> digests = new ArrayList<>();
        for (String text : strings(name)) {
            digests.add(digest(text, "%s[%d]".formatted(path(name), digests.size())));
        }
        return List.copyOf(digests);
    }

    /** An object of strings, in its own order. */
    Map<String, String> stringMap(String name) throws CorruptDataException {
        Map<String, String> strings = new LinkedHashMap<>();
        Optional<Members> object = object(name);
        if (object.isPresent()) {
            for (Object member : object.get().values.keySet()) {
                strings.put((String) member, object.get().string((String) member).orElse(""));
            }
        }
        return strings;
    }

    CorruptDataException missing(String name) {
        return new CorruptDataException("%s is missing".formatted(path(name)));
    }

    String path(String name) {
        return where + (where.contains(":") ? "." : ": ") + name;
    }

    private List<?> list(String name) throws CorruptDataException {
        return typed(name, List.class, "a list").map(list -> (List<?>) list).orElse(List.of());
    }

    private <T> Optional<T> typed(String name, Class<T> type, String expected) throws CorruptDataException {
        Object value = values.get(name);
        if (value != null && !type.isInstance(value)) {
            throw mismatch(path(name), expected, value);
        }
        return Optional.ofNullable(type.cast(value));
    }

    private static Digest digest(String text, String path) throws CorruptDataException {
        try {
            return Digest.parse(text);
        } catch (IllegalArgumentException e) {
            throw new CorruptDataException("%s: expected sha256:<64 hex digits> or sha512:<128 hex digits>, found '%s'"
                    .formatted(path, shorten(text)), e);
        }
    }

    private static CorruptDataException mismatch(String path, String expected, Object found) {
        String kind = switch (found) {
            case null -> "null";
            case Map<?, ?> _ -> "an object";
            case List<?> _ -> "a list";
            case String text -> "'%s'".formatted(shorten(text));
            default -> found.toString();
        };
        return new CorruptDataException("%s: expected %s, found %s".formatted(path, expected, kind));
    }

    private static String shorten(String text) {
        return text.length() <= 100 ? text : text.substring(0, 100) + "…";
    }
}
