package io.sifter.engine.dockerfile;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A stage of a definition in the making. What it inherits from another stage it has as a copy. */
final class BuildStage {
    final String name;
    final List<String> header = new ArrayList<>();
    final Map<String, String> arguments = new LinkedHashMap<>();
    /** Lines of {@code %files}, by what follows that word. */
    final Map<String, List<String>> files = new LinkedHashMap<>();
    final StringBuilder post = new StringBuilder();
    final List<String> environment = new ArrayList<>();
    /** Values of variables that are known, for paths. */
    final Map<String, String> known = new LinkedHashMap<>();
    final Map<String, String> labels = new LinkedHashMap<>();
    final StringBuilder test = new StringBuilder();
    String directory = "";
    String shell = "";
    boolean ran;
    /** Shell text that starts them; nothing where the image's own counts. */
    Optional<String> entrypoint = Optional.empty();
    Optional<String> command = Optional.empty();
    /** Whether the entrypoint is a line for a shell, which takes no arguments. */
    boolean entrypointIsLine;
    /** Whether another stage takes files from it. */
    boolean used;

    BuildStage(String name) {
        this.name = name;
    }

    BuildStage(String name, BuildStage parent) {
        this(name);
        header.addAll(parent.header);
        arguments.putAll(parent.arguments);
        parent.files.forEach((from, lines) -> files.put(from, new ArrayList<>(lines)));
        post.append(parent.post);
        environment.addAll(parent.environment);
        known.putAll(parent.known);
        labels.putAll(parent.labels);
        test.append(parent.test);
        directory = parent.directory;
        shell = parent.shell;
        ran = parent.ran;
        entrypoint = parent.entrypoint;
        command = parent.command;
        entrypointIsLine = parent.entrypointIsLine;
    }

    void copy(String from, String line) {
        files.computeIfAbsent(from, _ -> new ArrayList<>()).add(line);
    }

    /** A line of {@code %post}. */
    void run(String line) {
        post.append("    ").append(line).append('\n');
    }

    String text() {
        StringBuilder text = new StringBuilder();
        header.forEach(line -> text.append(line).append('\n'));
        if (used) {
            text.append("Stage: ").append(name).append('\n');
        }
        section(text, "arguments", arguments.entrySet().stream().map(entry -> entry.getKey() + "=" + entry.getValue()).toList());
        files.forEach((from, lines) -> section(text, "files" + from, lines));
        if (!post.isEmpty()) {
            text.append("\n%post").append(shell).append('\n').append(post);
        }
        section(text, "environment", environment);
        runscript(text);
        if (!test.isEmpty()) {
            text.append("\n%test\n").append(test);
        }
        section(text, "labels", labels.entrySet().stream().map(entry -> entry.getKey() + " " + entry.getValue()).toList());
        return text.toString();
    }

    private static void section(StringBuilder text, String name, List<String> lines) {
        if (!lines.isEmpty()) {
            text.append("\n%").append(name).append('\n');
            lines.forEach(line -> text.append("    ").append(line).append('\n'));
        }
    }

    private void runscript(StringBuilder text) {
        if (entrypoint.isEmpty() && command.isEmpty()) {
            return;
        }
        List<String> lines = new ArrayList<>();
        if (!directory.isEmpty()) {
            lines.add("cd %s || exit".formatted(Words.literal(directory)));
        }
        if (entrypointIsLine) {
            lines.add("exec " + entrypoint.orElseThrow());
        } else {
            command.filter(words -> !words.isEmpty()).ifPresent(words -> lines.add("[ $# -gt 0 ] || set -- " + words));
            lines.add("exec " + entrypoint.map(words -> words + " ").orElse("") + "\"$@\"");
        }
        section(text, "runscript", lines);
    }
}
