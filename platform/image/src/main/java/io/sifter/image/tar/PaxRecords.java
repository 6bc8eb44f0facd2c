package io.sifter.image.tar;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.tree.RawName;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The records of PAX headers (POSIX.1-2008, pax extended header): {@code "<length> <key>=<value>\n"}. Values are bytes
 * and may hold anything, so the stated length alone tells where they end. A later record replaces an earlier one of the
 * same key; an empty value takes it back.
 */
final class PaxRecords {
    private static final int MAX_LENGTH_DIGITS = 8;
    private static final String SCHILY = "SCHILY.xattr.";
    private static final String LIBARCHIVE = "LIBARCHIVE.xattr.";
    private static final int MAX_XATTR_NAME = 255;
    private static final int MAX_XATTR_VALUE = 65536;
    private static final int MAX_TIME_DIGITS = 18;

    /** For entries that have none, which is most of many archives. */
    static final PaxRecords NONE = new PaxRecords();

    private final Map<String, String> values = new LinkedHashMap<>();
    private final Map<String, byte[]> schily = new LinkedHashMap<>();
    private final Map<String, byte[]> libarchive = new LinkedHashMap<>();

    /** GNU sparse 0.0 states its map in repeated keys, the only place where repetition has a meaning. */
    private final StringBuilder sparsePairs = new StringBuilder();

    /** @param position of the first byte in the archive, for messages */
    void parse(byte[] data, long position) throws CorruptDataException {
        int at = 0;
        while (at < data.length) {
            int space = at;
            int length = 0;
            while (space < data.length && space - at < MAX_LENGTH_DIGITS && data[space] >= '0' && data[space] <= '9') {
                length = length * 10 + data[space++] - '0';
            }
            boolean sound = space > at && space < data.length && data[space] == ' '
                    && length > space - at + 1 && length <= data.length - at && data[at + length - 1] == '\n';
            int equals = sound ? indexOf(data, space + 1, at + length - 1) : -1;
            if (equals < 0) {
                throw new CorruptDataException("tar at byte %d: expected a PAX record of %d bytes at most".formatted(position + at, data.length - at));
            }
            String key = new String(data, space + 1, equals - space - 1, StandardCharsets.ISO_8859_1);
            put(key, Arrays.copyOfRange(data, equals + 1, at + length - 1), position + at);
            at += length;
        }
    }

    private static int indexOf(byte[] data, int from, int to) {
        for (int i = from; i < to; i++) {
            if (data[i] == '=') {
                return i;
            }
        }
        return -1;
    }

    private void put(String key, byte[] value, long position) throws CorruptDataException {
        if (key.startsWith(SCHILY)) {
            schily.put(xattrName(key.substring(SCHILY.length()), position), xattrValue(value, position));
        } else if (key.startsWith(LIBARCHIVE)) {
            libarchive.put(xattrName(percentDecoded(key.substring(LIBARCHIVE.length())), position), xattrValue(base64(value, position), position));
        } else if (key.equals("GNU.sparse.offset") || key.equals("GNU.sparse.numbytes")) {
            sparsePairs.append(sparsePairs.isEmpty() ? "" : ",").append(RawName.of(value));
        } else if (value.length == 0) {
            values.remove(key);
        } else {
            values.put(key, RawName.of(value));
        }
    }

    private static String xattrName(String name, long position) throws CorruptDataException {
        if (name.isEmpty() || name.length() > MAX_XATTR_NAME || name.indexOf('\0') >= 0) {
            throw new CorruptDataException("tar at byte %d: not a name of an extended attribute (1 to %d bytes): '%s'".formatted(
                    position, MAX_XATTR_NAME, RawName.display(name.substring(0, Math.min(name.length(), MAX_XATTR_NAME)))));
        }
        return name;
    }

    private static byte[] xattrValue(byte[] value, long position) throws CorruptDataException {
        if (value.length > MAX_XATTR_VALUE) {
            throw new CorruptDataException("tar at byte %d: an extended attribute has %d bytes, more than the %d that Linux can hold"
                    .formatted(position, value.length, MAX_XATTR_VALUE));
        }
        return value;
    }

    private static byte[] base64(byte[] value, long position) throws CorruptDataException {
        try {
            return Base64.getDecoder().decode(value);
        } catch (IllegalArgumentException e) {
            throw new CorruptDataException("tar at byte %d: an extended attribute is not base64".formatted(position), e);
        }
    }

    private static String percentDecoded(String name) {
        if (name.indexOf('%') < 0) {
            return name;
        }
        ByteArrayOutputStream decoded = new ByteArrayOutputStream();
        for (int i = 0; i < name.length(); i++) {
            int high = name.charAt(i) == '%' && i + 2 < name.length() ? Character.digit(name.charAt(i + 1), 16) : -1;
            int low = high < 0 ? -1 : Character.digit(name.charAt(i + 2), 16);
            decoded.write(low < 0 ? name.charAt(i) : high << 4 | low);
            i += low < 0 ? 0 : 2;
        }
        return RawName.of(decoded.toByteArray());
    }

    Optional<String> text(String key) {
        return Optional.ofNullable(values.get(key));
    }

    /** As {@link #text} for what becomes a name: no NUL. */
    Optional<String> path(String key, long position) throws CorruptDataException {
        String value = values.get(key);
        if (value != null && value.indexOf('\0') >= 0) {
            throw new CorruptDataException("tar at byte %d: PAX %s contains NUL: '%s'".formatted(position, key, RawName.display(value)));
        }
        return Optional.ofNullable(value);
    }

    Optional<Long> number(String key, long position) throws CorruptDataException {
        String value = values.get(key);
        return value == null ? Optional.empty() : Optional.of(decimal(key, value, position));
    }

    /** Seconds, rounded down; a time beyond the range of {@code long} is the end of that range. */
    Optional<Long> time(String key, long position) throws CorruptDataException {
        String value = values.get(key);
        if (value == null) {
            return Optional.empty();
        }
        int point = value.indexOf('.');
        String whole = point < 0 ? value : value.substring(0, point);
        boolean negative = whole.startsWith("-");
        boolean fraction = false;
        for (int i = point + 1; point >= 0 && i < value.length(); i++) {
            if (!isDigit(value.charAt(i))) {
                throw notANumber(key, value, position);
            }
            fraction |= value.charAt(i) != '0';
        }
        if (whole.length() > MAX_TIME_DIGITS && whole.chars().skip(1).allMatch(c -> isDigit((char) c))) {
            return Optional.of(negative ? Long.MIN_VALUE : Long.MAX_VALUE);
        }
        long seconds = decimal(key, whole, position);
        return Optional.of(negative && fraction ? seconds - 1 : seconds);
    }

    static long decimal(String what, String text, long position) throws CorruptDataException {
        boolean negative = text.startsWith("-");
        long value = 0;
        boolean sound = text.length() > (negative ? 1 : 0);
        for (int at = negative ? 1 : 0; at < text.length() && sound; at++) {
            int digit = text.charAt(at) - '0';
            sound = isDigit(text.charAt(at)) && value <= (Long.MAX_VALUE - digit) / 10;
            value = value * 10 + digit;
        }
        if (!sound) {
            throw notANumber(what, text, position);
        }
        return negative ? -value : value;
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private static CorruptDataException notANumber(String what, String text, long position) {
        return new CorruptDataException("tar at byte %d: PAX %s is not a number in range: '%s'".formatted(
                position, what, RawName.display(text.substring(0, Math.min(100, text.length())))));
    }

    /** The map of GNU sparse 0.0 and 0.1: numbers, offset and length in turn. */
    Optional<String> sparseMap() {
        return text("GNU.sparse.map").or(() -> sparsePairs.isEmpty() ? Optional.empty() : Optional.of(sparsePairs.toString()));
    }

    /** All extended attributes; where both spellings give one, the raw one counts. */
    Map<String, byte[]> xattrs() {
        if (libarchive.isEmpty() && schily.isEmpty()) {
            return Map.of();
        }
        Map<String, byte[]> all = new LinkedHashMap<>(libarchive);
        all.putAll(schily);
        return all;
    }

    Iterable<String> keys() {
        return values.keySet();
    }
}
