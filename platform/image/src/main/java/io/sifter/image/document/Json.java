package io.sifter.image.document;

import io.sifter.spi.error.CorruptDataException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

/**
 * JSON text as plain values: {@code Map<String, Object>} in member order, {@code List<Object>}, {@code String},
 * {@code Long}, {@code BigInteger}, {@code BigDecimal}, {@code Boolean}, {@code null}.
 *
 * <p>Reading is bounded and refuses what two readers could understand differently (repeated members, text after the
 * end). Writing gives the bytes that Go's {@code encoding/json} gives for the same value: members in the order of the
 * map, {@code < > &} and the line separators escaped, no trailing newline.
 */
public final class Json {
    /** Members of Go maps are sorted by bytes of UTF-8, which is the order of code points, not that of {@code String}. */
    public static final Comparator<String> MEMBER_ORDER = Json::compareCodePoints;

    private static final int MAX_DEPTH = 64;
    private static final int MAX_NUMBER_LENGTH = 100;

    private static final JsonFactory FACTORY = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(MAX_DEPTH)
                    .maxNumberLength(MAX_NUMBER_LENGTH)
                    .maxStringLength(Integer.MAX_VALUE)
                    .build())
            .build();

    private Json() {}

    /**
     * Reads one JSON value. Bytes that are not UTF-8 become U+FFFD.
     *
     * @param what names the text in messages
     * @throws CorruptDataException if it is not exactly one value, nested at most 64 deep
     */
    public static Object parse(byte[] text, String what) throws CorruptDataException {
        Objects.requireNonNull(what);
        try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), new String(text, StandardCharsets.UTF_8))) {
            JsonToken first = parser.nextToken();
            if (first == null) {
                throw new CorruptDataException("%s is empty, expected JSON".formatted(what));
            }
            Object value = read(parser, first);
            if (parser.nextToken() != null) {
                throw new CorruptDataException("%s is not JSON: text follows the end at character %d"
                        .formatted(what, parser.currentTokenLocation().getCharOffset()));
            }
            return value;
        } catch (JacksonException e) {
            throw new CorruptDataException("%s is not JSON: %s at character %d"
                    .formatted(what, e.getOriginalMessage(), e.getLocation() == null ? 0 : e.getLocation().getCharOffset()), e);
        }
    }

    /** The value on one line without blanks. */
    public static byte[] compact(Object value) {
        return write(value, null);
    }

    /** The value with one member a line, each level indented by {@code indent} once more. */
    public static byte[] indented(Object value, String indent) {
        return write(value, Objects.requireNonNull(indent));
    }

    private static Object read(JsonParser parser, JsonToken first) throws CorruptDataException {
        Deque<Object> open = new ArrayDeque<>();
        Deque<String> names = new ArrayDeque<>();
        for (JsonToken token = first;; token = parser.nextToken()) {
            if (token == null) {
                throw new CorruptDataException("JSON ends inside a value");
            }
            Object value;
            switch (token) {
                case START_OBJECT -> {
                    open.push(new LinkedHashMap<String, Object>());
                    continue;
                }
                case START_ARRAY -> {
                    open.push(new ArrayList<>());
                    continue;
                }
                case PROPERTY_NAME -> {
                    names.push(parser.currentName());
                    continue;
                }
                case END_OBJECT, END_ARRAY -> value = open.pop();
                case VALUE_STRING -> value = parser.getString();
                case VALUE_NUMBER_INT -> {
                    BigInteger number = parser.getBigIntegerValue();
                    value = number.bitLength() < Long.SIZE ? number.longValue() : number;
                }
                case VALUE_NUMBER_FLOAT -> value = parser.getDecimalValue();
                case VALUE_TRUE -> value = Boolean.TRUE;
                case VALUE_FALSE -> value = Boolean.FALSE;
                case VALUE_NULL -> value = null;
                default -> throw new IllegalStateException("Not JSON text: " + token);
            }
            switch (open.peek()) {
                case null -> {
                    return value;
                }
                case Map<?, ?> map -> object(map).put(names.pop(), value);
                case List<?> list -> array(list).add(value);
                default -> throw new IllegalStateException("Only objects and arrays are open");
            }
        }
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> object(Map<?, ?> map) {
        return (Map<String, Object>) map;
    }

    @SuppressWarnings("unchecked")
    private static List<Object> array(List<?> list) {
        return (List<Object>) list;
    }

    private static byte[] write(Object value, String indent) {
        StringBuilder out = new StringBuilder();
        write(value, indent, 0, out);
        return out.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static void write(Object value, String indent, int depth, StringBuilder out) {
        switch (value) {
            case null -> out.append("null");
            case String text -> quote(text, out);
            case Boolean truth -> out.append(truth);
            case Integer number -> out.append(number);
            case Long number -> out.append(number);
            case BigInteger number -> out.append(number);
            case BigDecimal number -> out.append(number);
            case Map<?, ?> map -> {
                out.append('{');
                String separator = "";
                for (Map.Entry<?, ?> member : map.entrySet()) {
                    out.append(separator);
                    newLine(indent, depth + 1, out);
                    quote((String) member.getKey(), out);
                    out.append(indent == null ? ":" : ": ");
                    write(member.getValue(), indent, depth + 1, out);
                    separator = ",";
                }
                if (!map.isEmpty()) {
                    newLine(indent, depth, out);
                }
                out.append('}');
            }
            case List<?> list -> {
                out.append('[');
                String separator = "";
                for (Object element : list) {
                    out.append(separator);
                    newLine(indent, depth + 1, out);
                    write(element, indent, depth + 1, out);
                    separator = ",";
                }
                if (!list.isEmpty()) {
                    newLine(indent, depth, out);
                }
                out.append(']');
            }
            default -> throw new IllegalArgumentException("Not a JSON value: " + value.getClass());
        }
    }

    private static void newLine(String indent, int depth, StringBuilder out) {
        if (indent != null) {
            out.append('\n').repeat(indent, depth);
        }
    }

    private static void quote(String text, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\b' -> out.append("\\b");
                case '\f' -> out.append("\\f");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '<', '>', '&', '\u2028', '\u2029' -> escape(c, out);
                default -> {
                    if (c < ' ') {
                        escape(c, out);
                    } else if (Character.isHighSurrogate(c) && i + 1 < text.length()
                            && Character.isLowSurrogate(text.charAt(i + 1))) {
                        out.append(c).append(text.charAt(++i));
                    } else if (Character.isSurrogate(c)) {
                        escape('\uFFFD', out);
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }

    private static void escape(char c, StringBuilder out) {
        out.append("\\u%04x".formatted((int) c));
    }

    private static int compareCodePoints(String left, String right) {
        int length = Math.min(left.length(), right.length());
        for (int i = 0; i < length; i++) {
            char l = left.charAt(i);
            char r = right.charAt(i);
            if (l != r) {
                // Surrogates stand for code points above all others, though their own values do not.
                boolean high = Character.isSurrogate(l);
                return high == Character.isSurrogate(r) ? Character.compare(l, r) : high ? 1 : -1;
            }
        }
        return Integer.compare(left.length(), right.length());
    }
}
