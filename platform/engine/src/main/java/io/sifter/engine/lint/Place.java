package io.sifter.engine.lint;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Where something was found. Texts are fit to be shown: what images and files say has no control characters in it. */
public sealed interface Place {
    /** For people. */
    String text();

    /** For programs: members of a JSON object. */
    Map<String, Object> members();

    /**
     * In a definition file.
     *
     * @param line from 1
     * @param column from 1
     */
    record InFile(String file, int line, int column) implements Place {
        @Override
        public String text() {
            return "%s:%d:%d".formatted(file, line, column);
        }

        @Override
        public Map<String, Object> members() {
            Map<String, Object> members = new LinkedHashMap<>();
            members.put("file", file);
            members.put("line", line);
            members.put("column", column);
            return members;
        }
    }

    /**
     * In an image's file system.
     *
     * @param path from the root, with a slash before it
     * @param line in a file of text, from 1; 0 for the file as a whole
     */
    record InTree(String path, int line, Optional<Layer> layer) implements Place {
        @Override
        public String text() {
            return path + (line == 0 ? "" : ":" + line) + layer.map(from -> " (%s)".formatted(from.text())).orElse("");
        }

        @Override
        public Map<String, Object> members() {
            Map<String, Object> members = new LinkedHashMap<>();
            members.put("path", path);
            if (line > 0) {
                members.put("line", line);
            }
            layer.ifPresent(from -> {
                members.put("layer", from.number());
                members.put("layers", from.of());
                if (!from.madeBy().isEmpty()) {
                    members.put("created_by", from.madeBy());
                }
            });
            return members;
        }
    }

    /**
     * A layer.
     *
     * @param number from 1, the lowest
     * @param of how many
     * @param madeBy what the image's history says of it, shortened; may be empty
     */
    record Layer(int number, int of, String madeBy) {
        String text() {
            return "layer %d of %d%s".formatted(number, of, madeBy.isEmpty() ? "" : ", " + madeBy);
        }
    }

    /** In an image's configuration: which member. */
    record InConfiguration(String member) implements Place {
        @Override
        public String text() {
            return "configuration: " + member;
        }

        @Override
        public Map<String, Object> members() {
            return Map.of("configuration", member);
        }
    }

    /**
     * In an image's history.
     *
     * @param step from 1
     * @param madeBy what it says, shortened
     */
    record InHistory(int step, int of, String madeBy) implements Place {
        @Override
        public String text() {
            return "history, step %d of %d: %s".formatted(step, of, madeBy);
        }

        @Override
        public Map<String, Object> members() {
            Map<String, Object> members = new LinkedHashMap<>();
            members.put("step", step);
            members.put("steps", of);
            members.put("created_by", madeBy);
            return members;
        }
    }

    /** What was asked for: a reference, or an image as a whole. */
    record Whole(String name) implements Place {
        @Override
        public String text() {
            return name;
        }

        @Override
        public Map<String, Object> members() {
            return Map.of("image", name);
        }
    }
}
