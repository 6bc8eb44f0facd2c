package io.sifter.engine.build;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** Paths with wildcards: {@code *}, {@code ?}, {@code [a-z]} and {@code \} within one component, also at the start of hidden names. */
final class Wildcards {
    private Wildcards() {}

    /** Paths below a root that match, in order; relative to it. */
    static List<String> expand(RootDirectory root, String pattern) throws IOException {
        List<String> found = List.of("");
        for (String component : pattern.split("/")) {
            if (component.isEmpty() || component.equals(".")) {
                continue;
            }
            List<String> next = new ArrayList<>();
            for (String directory : found) {
                if (component.matches(".*[*?\\[\\\\].*")) {
                    matching(root, directory, component, next);
                } else {
                    next.add(directory + "/" + component);
                }
            }
            found = next;
        }
        List<String> existing = new ArrayList<>();
        for (String path : found) {
            if (Files.exists(root.inside(path), LinkOption.NOFOLLOW_LINKS)) {
                existing.add(path);
            }
        }
        return existing;
    }

    private static void matching(RootDirectory root, String directory, String component, List<String> into) throws IOException {
        Path inside = root.inside(directory);
        if (!Files.isDirectory(inside, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        Pattern pattern = pattern(component);
        TreeSet<String> names = new TreeSet<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(inside)) {
            for (Path entry : entries) {
                String name = entry.getFileName().toString();
                if (pattern.matcher(name).matches()) {
                    names.add(name);
                }
            }
        }
        names.forEach(name -> into.add(directory + "/" + name));
    }

    private static Pattern pattern(String component) {
        StringBuilder regex = new StringBuilder();
        for (int i = 0; i < component.length(); i++) {
            char c = component.charAt(i);
            int close = c == '[' ? component.indexOf(']', i + 2) : -1;
            if (c == '*') {
                regex.append(".*");
            } else if (c == '?') {
                regex.append('.');
            } else if (close > 0) {
                regex.append('[').append(component.substring(i + 1, close).replace("\\", "\\\\").replace("[", "\\[").replace("&", "\\&")).append(']');
                i = close;
            } else if (c == '\\' && i + 1 < component.length()) {
                regex.append(Pattern.quote(String.valueOf(component.charAt(++i))));
            } else {
                regex.append(Pattern.quote(String.valueOf(c)));
            }
        }
        try {
            return Pattern.compile(regex.toString(), Pattern.DOTALL);
        } catch (PatternSyntaxException e) {
            return Pattern.compile(Pattern.quote(component));
        }
    }
}
