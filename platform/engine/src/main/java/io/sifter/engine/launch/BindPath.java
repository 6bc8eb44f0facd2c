package io.sifter.engine.launch;

import io.sifter.spi.error.UserException;
import io.sifter.spi.tree.RawName;
import java.util.ArrayList;
import java.util.List;

/**
 * What a person wants mounted, raw.
 *
 * @param source on the host
 * @param destination in the container
 */
record BindPath(String source, String destination, boolean readOnly) {
    private static final String PREFIX = "While setting bind mount configuration: ";

    /** The options of a bind are separated as binds are: puts them together again. */
    static List<String> joined(List<String> items) {
        List<String> binds = new ArrayList<>();
        for (String item : items) {
            boolean option = item.equals("ro") || item.equals("rw") || item.startsWith("image-src=") || item.startsWith("id=");
            if (option && !binds.isEmpty() && split(binds.getLast(), ':').size() > 2) {
                binds.add(binds.removeLast() + "," + item);
            } else {
                binds.add(item);
            }
        }
        return binds;
    }

    /** {@code src[:dest[:options]]}; a backslash before a colon or a comma takes its meaning. */
    static BindPath parse(String text) throws UserException {
        List<String> parts = split(text, ':');
        String source = parts.getFirst();
        if (source.isEmpty()) {
            throw new UserException(PREFIX + "while parsing bind path: empty bind source for bind path \"%s\"".formatted(RawName.display(text)));
        }
        String destination = parts.size() > 1 && !parts.get(1).isEmpty() ? parts.get(1) : source;
        boolean readOnly = false;
        if (parts.size() > 2) {
            for (String option : split(String.join(":", parts.subList(2, parts.size())), ',')) {
                readOnly = option(option, readOnly);
            }
        }
        return new BindPath(source, destination, readOnly);
    }

    private static boolean option(String option, boolean readOnly) throws UserException {
        switch (option) {
            case "ro" -> {
                return true;
            }
            case "rw", "" -> {
                return readOnly;
            }
            default -> {
                if (option.startsWith("image-src=") || option.startsWith("id=")) {
                    throw new UserException("The option %s of --bind is not supported: images cannot be bound yet".formatted(RawName.display(option)),
                            "Unpack the image with 'build --sandbox' and bind the directory.");
                }
                throw new UserException(PREFIX + "while parsing bind path: while getting bind path: %s is not a valid bind option"
                        .formatted(RawName.display(option)));
            }
        }
    }

    /** {@code type=bind,source=…,destination=…[,ro]}, comma-separated values with quotes. */
    static BindPath parseMount(String text) throws UserException {
        String prefix = "While setting bind mount configuration: while parsing mount \"%s\": ".formatted(RawName.display(text));
        String source = "";
        String destination = "";
        boolean readOnly = false;
        for (String field : fields(text)) {
            int equals = field.indexOf('=');
            String key = equals < 0 ? field : field.substring(0, equals);
            String value = equals < 0 ? "" : field.substring(equals + 1);
            switch (key) {
                case "type" -> {
                    if (!value.equals("bind")) {
                        throw new UserException(prefix + "unsupported mount type \"%s\", only 'bind' is supported".formatted(RawName.display(value)));
                    }
                }
                case "source", "src" -> source = value;
                case "destination", "dst", "target" -> destination = value;
                case "ro", "readonly" -> readOnly = true;
                case "image-src", "id" -> throw new UserException(
                        "The key %s of --mount is not supported: images cannot be bound yet".formatted(key),
                        "Unpack the image with 'build --sandbox' and bind the directory.");
                default -> throw new UserException(prefix + "invalid key \"%s\" in mount specification".formatted(RawName.display(key)));
            }
        }
        if (source.isEmpty() || destination.isEmpty()) {
            throw new UserException(prefix + "mounts must specify a source and a destination");
        }
        return new BindPath(source, destination, readOnly);
    }

    private static List<String> split(String text, char separator) {
        List<String> parts = new ArrayList<>();
        StringBuilder part = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\' && i + 1 < text.length() && (text.charAt(i + 1) == ':' || text.charAt(i + 1) == ',')) {
                part.append(text.charAt(++i));
            } else if (c == separator) {
                parts.add(part.toString());
                part.setLength(0);
            } else {
                part.append(c);
            }
        }
        parts.add(part.toString());
        return parts;
    }

    /** Fields of one line of comma-separated values: in quotes, commas are themselves and a doubled quote is one. */
    private static List<String> fields(String line) {
        List<String> fields = new ArrayList<>();
        StringBuilder field = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            if (c == '"' && quoted && i + 1 < line.length() && line.charAt(i + 1) == '"') {
                field.append(line.charAt(++i));
            } else if (c == '"') {
                quoted = !quoted;
            } else if (c == ',' && !quoted) {
                fields.add(field.toString());
                field.setLength(0);
            } else {
                field.append(c);
            }
        }
        fields.add(field.toString());
        return fields;
    }
}
