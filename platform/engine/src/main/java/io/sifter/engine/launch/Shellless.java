package io.sifter.engine.launch;

import io.sifter.engine.launch.ContainerTree.Found;
import io.sifter.engine.launch.ImageFiles.Kind;
import io.sifter.spi.error.UserException;
import io.sifter.spi.tree.RawName;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Starts commands in images that have no {@code /bin/sh}: understands the scripts that conversions from OCI write, as the peers
 * do, and nothing else. Values are taken as they stand; what would need a shell's evaluation is refused.
 */
final class Shellless {
    /** The line by which runtimes know a runscript that stands for ENTRYPOINT and CMD. */
    private static final String OCI_MARK = "eval \"set ${SINGULARITY_OCI_RUN}\"";
    private static final List<String> USUAL_PATH = List.of("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin");
    private static final int MOST_IN_SCRIPT = 1 << 20;

    private final ContainerTree tree;
    private final CommandEnvironment variables;
    private final String directory;

    Shellless(ContainerTree tree, CommandEnvironment variables, String directory) {
        this.tree = tree;
        this.variables = variables;
        this.directory = directory;
    }

    record Start(List<String> words, Map<String, String> environment) {}

    Start start(Action action, List<String> arguments) throws IOException {
        Map<String, String> environment = environment();
        List<String> words = switch (action) {
            case EXEC -> arguments;
            case RUN -> runscript(arguments);
            case SHELL -> throw new UserException("/bin/sh does not exist in container", "Start a program of the image with 'exec'.");
            case START -> throw new AssertionError(action);
            case TEST -> {
                List<String> test = new ArrayList<>(List.of("/.singularity.d/test"));
                test.addAll(arguments);
                yield test;
            }
        };
        return new Start(found(words, environment.get("PATH")), environment);
    }

    private Map<String, String> environment() throws IOException {
        Map<String, String> environment = new LinkedHashMap<>();
        Optional<String> script = tree.read("/.singularity.d/env/10-docker2singularity.sh", MOST_IN_SCRIPT);
        if (script.isPresent()) {
            environment.putAll(exports(script.get()));
        }
        environment.put("PATH", usual(environment.getOrDefault("PATH", "")));
        environment.putIfAbsent("LD_LIBRARY_PATH", "/.singularity.d/libs");
        Map<String, String> wanted = new LinkedHashMap<>(variables.wanted());
        String before = wanted.remove("SING_USER_DEFINED_PREPEND_PATH");
        String after = wanted.remove("SING_USER_DEFINED_APPEND_PATH");
        String instead = wanted.remove("SING_USER_DEFINED_PATH");
        environment.putAll(wanted);
        for (String text : variables.fileTexts()) {
            environment.putAll(assignments(text));
        }
        if (before != null) {
            environment.merge("PATH", before, (path, first) -> first + ":" + path);
        }
        if (after != null) {
            environment.merge("PATH", after, (path, last) -> path + ":" + last);
        }
        if (instead != null) {
            environment.put("PATH", instead);
        }
        variables.host().forEach(environment::putIfAbsent);
        environment.putAll(variables.container());
        environment.put("PWD", directory);
        return environment;
    }

    private static String usual(String path) {
        StringBuilder all = new StringBuilder(path);
        for (String directory : USUAL_PATH) {
            if (!(":" + path + ":").contains(":" + directory + ":")) {
                all.append(all.isEmpty() ? "" : ":").append(directory);
            }
        }
        return all.toString();
    }

    /** What a script of the form that conversions write exports. */
    static Map<String, String> exports(String script) throws UserException {
        Map<String, String> exports = new LinkedHashMap<>();
        for (String line : script.split("\n(?=export |$)")) {
            int equals = line.indexOf('=');
            if (!line.startsWith("export ") || equals < 0 || !CommandEnvironment.isName(line.substring(7, equals))) {
                continue;
            }
            String name = line.substring(7, equals);
            String value = line.substring(equals + 1).stripTrailing();
            String unlessSet = "\"${" + name + ":-";
            if (value.startsWith(unlessSet) && value.endsWith("}\"")) {
                value = value.substring(unlessSet.length(), value.length() - 2);
                value = value.isEmpty() ? "\"\"" : value;
            }
            exports.put(name, String.join("", words(value, "the variable " + name + " of the image")));
        }
        return exports;
    }

    private static Map<String, String> assignments(String text) throws UserException {
        Map<String, String> assignments = new LinkedHashMap<>();
        for (String line : text.split("\n")) {
            String rest = line.strip();
            rest = rest.startsWith("export ") ? rest.substring(7).strip() : rest;
            int equals = rest.indexOf('=');
            if (equals > 0 && CommandEnvironment.isName(rest.substring(0, equals))) {
                assignments.put(rest.substring(0, equals), String.join(" ", words(rest.substring(equals + 1), "--env-file")));
            }
        }
        return assignments;
    }

    private List<String> runscript(List<String> arguments) throws IOException {
        Optional<String> script = tree.read("/.singularity.d/runscript", MOST_IN_SCRIPT);
        if (script.isEmpty()) {
            throw new UserException("No runscript and no /bin/sh executable found in container, aborting", "Start a program of the image with 'exec'.");
        }
        List<String> words = new ArrayList<>();
        if (!("\n" + script.get() + "\n").contains("\n" + OCI_MARK + "\n")) {
            words.add("/.singularity.d/runscript");
            words.addAll(arguments);
            return words;
        }
        words.addAll(words(assigned(script.get(), "OCI_ENTRYPOINT"), "ENTRYPOINT of the image"));
        words.addAll(arguments.isEmpty() ? words(assigned(script.get(), "OCI_CMD"), "CMD of the image") : arguments);
        if (words.isEmpty()) {
            throw new UserException("The image says nothing about what to run", "Start a program of the image with 'exec'.");
        }
        return words;
    }

    /** The value of a variable that a line of a script sets to something in single quotes. */
    private static String assigned(String script, String name) throws UserException {
        int at = ("\n" + script).indexOf("\n" + name + "=");
        if (at < 0) {
            return "";
        }
        int start = at + name.length() + 1;
        StringBuilder value = new StringBuilder();
        char quote = 0;
        for (int i = start; i < script.length(); i++) {
            char c = script.charAt(i);
            if (quote == 0 && (c == '\n' || c == ' ')) {
                break;
            }
            if (quote == 0 && (c == '\'' || c == '"')) {
                quote = c;
            } else if (c == quote) {
                quote = 0;
            } else {
                value.append(c);
            }
        }
        return value.toString();
    }

    /** Splits into words as a shell does, without evaluating anything. */
    static List<String> words(String text, String what) throws UserException {
        List<String> words = new ArrayList<>();
        StringBuilder word = null;
        char quote = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (quote == 0 && (c == ' ' || c == '\t' || c == '\n')) {
                if (word != null) {
                    words.add(word.toString());
                    word = null;
                }
                continue;
            }
            word = word == null ? new StringBuilder() : word;
            if (quote != '\'' && (c == '$' || c == '`')) {
                throw new UserException("%s must be evaluated by a shell, and the image has none: %s".formatted(what, RawName.display(text)),
                        "Start a program of the image with 'exec'.");
            }
            if (c == quote) {
                quote = 0;
            } else if (quote == 0 && (c == '"' || c == '\'')) {
                quote = c;
            } else if (c == '\\' && quote != '\'' && i + 1 < text.length()) {
                word.append(text.charAt(++i));
            } else {
                word.append(c);
            }
        }
        if (word != null) {
            words.add(word.toString());
        }
        return words;
    }

    /** Makes sure that there is a program, so that nobody has to guess from an exit code. */
    private List<String> found(List<String> words, String path) throws IOException {
        String program = words.getFirst();
        if (program.contains("/")) {
            String at = program.startsWith("/") ? program : directory + "/" + program;
            Found found = tree.find(at);
            if (found.entry().isEmpty()) {
                throw new UserException("stat %s: no such file or directory".formatted(RawName.display(program)));
            }
            if (found.entry().get().kind() == Kind.DIRECTORY) {
                throw new UserException("is a directory");
            }
            if (!found.entry().get().executable()) {
                throw new UserException("permission denied");
            }
            return words;
        }
        for (String directory : path.split(":")) {
            Found found = tree.find(directory + "/" + program);
            if (found.entry().isPresent() && found.entry().get().kind() == Kind.FILE && found.entry().get().executable()) {
                return words;
            }
        }
        throw new UserException("\"%s\": executable file not found in $PATH".formatted(RawName.display(program)));
    }
}
