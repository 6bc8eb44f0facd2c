package io.sifter.engine.build;

import io.sifter.image.document.Json;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.Node;
import io.sifter.spi.tree.RawName;
import io.sifter.spi.tree.RegularFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What a container says about itself, gathered from its tree: the document that {@code inspect --all} shows and that a SIF
 * keeps as {@code inspect-metadata.json}. Members have the order of the reference implementations; empty ones are left out.
 */
public final class Inspection {
    /** Larger files are no metadata; what follows is cut off. */
    private static final int MAX_TEXT = 1 << 20;
    private static final String OWN = ".singularity.d/";

    private Inspection() {}

    /** The whole document. */
    public static Map<String, Object> of(Directory root) throws IOException {
        Map<String, Object> attributes = new LinkedHashMap<>();
        put(attributes, "apps", apps(root));
        put(attributes, "environment", environment(root, OWN + "env", true));
        put(attributes, "labels", labels(root, OWN + "labels.json"));
        put(attributes, "runscript", text(root, OWN + "runscript"));
        put(attributes, "test", text(root, OWN + "test"));
        put(attributes, "helpfile", text(root, OWN + "runscript.help"));
        put(attributes, "deffile", text(root, OWN + "Singularity"));
        put(attributes, "startscript", text(root, OWN + "startscript"));
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("data", Map.of("attributes", attributes));
        document.put("type", "container");
        return document;
    }

    /** The labels in a tree's own file; none if there is none, or none that can be read. */
    static Map<String, String> labels(Directory root, String path) throws IOException {
        return parseLabels(text(root, path), path);
    }

    /** Labels as a file of them has them; none if the text cannot be read. */
    static Map<String, String> parseLabels(String text, String path) throws IOException {
        Map<String, String> labels = new TreeMap<>(Json.MEMBER_ORDER);
        if (!text.isEmpty()) {
            try {
                if (Json.parse(text.getBytes(StandardCharsets.UTF_8), path) instanceof Map<?, ?> map) {
                    map.forEach((key, value) -> labels.put(String.valueOf(key), String.valueOf(value)));
                }
            } catch (CorruptDataException notJson) {
                return Map.of();
            }
        }
        return labels;
    }

    private static Map<String, Object> apps(Directory root) throws IOException {
        Map<String, Object> apps = new TreeMap<>(Json.MEMBER_ORDER);
        if (TreeEditor.find(root, "scif/apps").orElse(null) instanceof Directory all) {
            for (String name : all.children().keySet()) {
                String own = "scif/apps/" + name + "/scif/";
                if (TreeEditor.find(root, own).isEmpty()) {
                    continue;
                }
                Map<String, Object> app = new LinkedHashMap<>();
                put(app, "environment", environment(root, own + "env", false));
                put(app, "labels", labels(root, own + "labels.json"));
                put(app, "runscript", text(root, own + "runscript"));
                put(app, "startscript", text(root, own + "startscript"));
                put(app, "test", text(root, own + "test"));
                put(app, "helpfile", text(root, own + "runscript.help"));
                apps.put(RawName.display(name), app);
            }
        }
        return apps;
    }

    private static Map<String, String> environment(Directory root, String path, boolean docker) throws IOException {
        Map<String, String> scripts = new TreeMap<>(Json.MEMBER_ORDER);
        if (TreeEditor.find(root, path).orElse(null) instanceof Directory directory) {
            for (String name : directory.children().keySet()) {
                boolean shown = docker && name.startsWith("10-docker") && name.endsWith(".sh")
                        || name.startsWith("9") && name.endsWith("-environment.sh");
                String text = shown ? text(root, path + "/" + name) : "";
                if (!text.isEmpty()) {
                    scripts.put("/" + path + "/" + name, text);
                }
            }
        }
        return scripts;
    }

    /** A file's text without the newlines at its end; empty if there is none. */
    static String text(Directory root, String path) throws IOException {
        Optional<Node> node = TreeEditor.find(root, path);
        if (node.isEmpty() || !(node.get() instanceof RegularFile file)) {
            return "";
        }
        try (InputStream in = file.content().open()) {
            String text = new String(in.readNBytes(MAX_TEXT), StandardCharsets.UTF_8);
            int end = text.length();
            while (end > 0 && text.charAt(end - 1) == '\n') {
                end--;
            }
            return text.substring(0, end);
        }
    }

    private static void put(Map<String, Object> members, String name, Object value) {
        boolean empty = value instanceof String text && text.isEmpty() || value instanceof Map<?, ?> map && map.isEmpty();
        if (!empty) {
            members.put(name, value);
        }
    }
}
