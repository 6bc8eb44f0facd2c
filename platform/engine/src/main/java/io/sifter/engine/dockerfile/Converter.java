package io.sifter.engine.dockerfile;

import io.sifter.spi.error.UserException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Goes through a Dockerfile and builds the stages of a definition. */
final class Converter {
    private static final Pattern FLAG = Pattern.compile("--([\\w-]+)(?:=(\\S*))?\\s*");
    private static final Pattern VARIABLE = Pattern.compile("\\$(?:\\{(\\w+)(?::?[-+][^}]*)?}|(\\w+))");
    private static final Pattern ARCHIVE = Pattern.compile(".*\\.(tar|tar\\.(gz|bz2|xz)|tgz|tbz2|txz)");

    private final String file;
    private final Predicate<String> isDirectory;
    private final List<String> warnings = new ArrayList<>();
    private final List<BuildStage> stages = new ArrayList<>();
    /** Of before the first FROM. */
    private final Map<String, String> global = new LinkedHashMap<>();
    private BuildStage stage;

    Converter(String file, Predicate<String> isDirectory) {
        this.file = file;
        this.isDirectory = isDirectory;
    }

    Conversion convert(List<Instruction> instructions) throws UserException {
        for (Instruction instruction : instructions) {
            if (stage == null && !instruction.word().equals("FROM") && !instruction.word().equals("ARG")) {
                throw wrong(instruction, "%s before FROM".formatted(instruction.word()), "Expected FROM, or ARG.");
            }
            take(instruction);
        }
        if (stage == null) {
            throw new UserException("%s:1:1: no FROM".formatted(file), "Expected a Dockerfile.");
        }
        StringBuilder text = new StringBuilder();
        for (BuildStage each : stages) {
            if (each.used || each == stage) {
                text.append(text.isEmpty() ? "" : "\n").append(each.text());
            }
        }
        return new Conversion(text.toString(), warnings);
    }

    private UserException wrong(Instruction instruction, String what, String expected) {
        return new UserException("%s:%d:1: %s".formatted(file, instruction.line(), what), expected);
    }

    private void warn(Instruction instruction, String what) {
        warnings.add("%s:%d: %s".formatted(file, instruction.line(), what));
    }

    private void take(Instruction instruction) throws UserException {
        switch (instruction.word()) {
            case "FROM" -> from(instruction);
            case "ARG" -> argument(instruction);
            case "ENV" -> environment(instruction);
            case "RUN" -> run(instruction);
            case "COPY", "ADD" -> copy(instruction);
            case "WORKDIR" -> directory(instruction);
            case "LABEL" -> pairs(instruction).forEach((key, value) -> stage.labels.put(Words.plain(key), oneLine(instruction, expanded(instruction, value))));
            case "MAINTAINER" -> stage.labels.put("maintainer", instruction.joined());
            case "ENTRYPOINT" -> {
                Optional<List<String>> list = Words.list(instruction.joined());
                stage.entrypointIsLine = list.isEmpty();
                stage.entrypoint = Optional.of(list.map(Words::literal).orElseGet(() -> shellLine(instruction)));
                // As with Docker, a CMD of what it builds upon no longer counts.
                stage.command = Optional.empty();
            }
            case "CMD" -> {
                stage.command = Optional.of(Words.list(instruction.joined()).map(Words::literal).orElseGet(() -> shellLine(instruction)));
                if (stage.entrypoint.isEmpty()) {
                    warn(instruction, "CMD becomes the runscript; an ENTRYPOINT of the image in FROM is then not used");
                }
            }
            case "HEALTHCHECK" -> healthCheck(instruction);
            case "SHELL" -> shell(instruction);
            case "USER" -> warn(instruction, "USER %s has no equivalent: containers run as the user who starts them, and %%post as root".formatted(instruction.joined()));
            case "EXPOSE" -> warn(instruction, "EXPOSE has no equivalent: containers share the host's network");
            case "VOLUME" -> warn(instruction, "VOLUME has no equivalent: give directories with --bind when the container starts");
            case "STOPSIGNAL" -> warn(instruction, "STOPSIGNAL has no equivalent: choose it with 'instance stop --signal'");
            case "ONBUILD" -> warn(instruction, "ONBUILD has no equivalent: put it into the definitions that build upon this one");
            default -> throw wrong(instruction, "unknown instruction: " + instruction.word(), "Expected one of FROM, RUN, COPY, ADD, ENV, ARG, LABEL, ….");
        }
    }

    private void from(Instruction instruction) throws UserException {
        Matcher flags = FLAG.matcher(instruction.joined());
        int at = 0;
        while (flags.find(at) && flags.start() == at) {
            warn(instruction, "--%s has no equivalent in the header: use 'build --%1$s'".formatted(flags.group(1)));
            at = flags.end();
        }
        List<String> words = Words.split(instruction.joined().substring(at));
        if (words.size() != 1 && !(words.size() == 3 && words.get(1).equalsIgnoreCase("AS"))) {
            throw wrong(instruction, "FROM " + instruction.joined(), "Expected 'FROM image', or 'FROM image AS name'.");
        }
        String name = words.size() == 3 ? words.get(2) : "stage" + stages.size();
        Optional<BuildStage> parent = find(words.getFirst());
        if (parent.isPresent()) {
            stage = new BuildStage(name, parent.get());
        } else {
            stage = base(name, words.getFirst());
        }
        stages.add(stage);
    }

    private BuildStage base(String name, String image) {
        BuildStage made = new BuildStage(name);
        if (image.equals("scratch")) {
            made.header.add("Bootstrap: scratch");
            return made;
        }
        made.header.add("Bootstrap: docker");
        made.header.add("From: " + VARIABLE.matcher(image).replaceAll(found -> {
            String variable = found.group(1) != null ? found.group(1) : found.group(2);
            if (!global.getOrDefault(variable, "").isEmpty()) {
                made.arguments.put(variable, global.get(variable));
            }
            return Matcher.quoteReplacement("{{ " + variable + " }}");
        }));
        return made;
    }

    private Optional<BuildStage> find(String name) {
        for (BuildStage each : stages) {
            if (each.name.equalsIgnoreCase(name)) {
                return Optional.of(each);
            }
        }
        return Optional.empty();
    }

    private void argument(Instruction instruction) {
        for (String word : Words.split(instruction.joined())) {
            int equals = word.indexOf('=');
            String name = equals < 0 ? word : word.substring(0, equals);
            String value = equals < 0 ? "" : Words.plain(word.substring(equals + 1));
            if (stage == null) {
                global.put(name, value);
                continue;
            }
            String usual = equals < 0 ? global.getOrDefault(name, "") : value;
            if (usual.isEmpty()) {
                warn(instruction, "ARG %s has no value here: give one with 'build --build-arg %1$s=VALUE'".formatted(name));
            } else {
                stage.arguments.put(name, usual);
            }
            stage.known.put(name, "{{ " + name + " }}");
            stage.run("export %s=\"{{ %1$s }}\"".formatted(name));
        }
    }

    private void environment(Instruction instruction) throws UserException {
        for (Map.Entry<String, String> pair : pairs(instruction).entrySet()) {
            String line = "export %s=%s".formatted(pair.getKey(), Words.inDoubleQuotes(pair.getValue()));
            for (String name : names(pair.getValue())) {
                if (stage.known.getOrDefault(name, "").startsWith("{{")) {
                    line = line.replaceAll("\\$(\\{%s}|%1$s\\b)".formatted(name), Matcher.quoteReplacement("{{ " + name + " }}"));
                }
            }
            stage.environment.add(line);
            stage.run(line);
            stage.known.put(pair.getKey(), expanded(instruction, pair.getValue()));
        }
    }

    private static List<String> names(String text) {
        return VARIABLE.matcher(text).results().map(found -> found.group(1) != null ? found.group(1) : found.group(2)).toList();
    }

    /** {@code key=value…}, or {@code key value}; values with their quotes. */
    private Map<String, String> pairs(Instruction instruction) throws UserException {
        Map<String, String> pairs = new LinkedHashMap<>();
        String text = instruction.joined();
        List<String> words = Words.split(text);
        if (words.isEmpty()) {
            throw wrong(instruction, instruction.word() + " without a name", "Expected NAME=VALUE.");
        }
        if (!words.getFirst().contains("=")) {
            pairs.put(words.getFirst(), text.substring(words.getFirst().length()).strip());
            return pairs;
        }
        for (String word : words) {
            int equals = word.indexOf('=');
            if (equals <= 0) {
                throw wrong(instruction, "'%s' is no NAME=VALUE".formatted(word), "Expected NAME=VALUE.");
            }
            pairs.put(word.substring(0, equals), word.substring(equals + 1));
        }
        return pairs;
    }

    /** A word with the variables that are known. */
    private String expanded(Instruction instruction, String word) {
        StringBuilder text = new StringBuilder();
        int from = 0;
        for (MatchResult found : VARIABLE.matcher(word).results().toList()) {
            String name = found.group(1) != null ? found.group(1) : found.group(2);
            String value = stage.known.get(name);
            if (value == null && !instruction.word().equals("ENV")) {
                warn(instruction, "the value of $%s is not known here: write it out".formatted(name));
            }
            text.append(word, from, found.start()).append(value == null ? found.group() : value);
            from = found.end();
        }
        return Words.plain(text.append(word.substring(from)).toString());
    }

    private String oneLine(Instruction instruction, String text) {
        if (text.contains("\n")) {
            warn(instruction, "a value of several lines becomes one");
        }
        return text.replace('\n', ' ');
    }

    private void run(Instruction instruction) {
        String text = instruction.text();
        Matcher flag = FLAG.matcher(text);
        int at = 0;
        while (flag.find(at) && flag.start() == at) {
            warn(instruction, "--%s of RUN has no equivalent".formatted(flag.group(1)));
            at = flag.end();
        }
        // At the start of a line a % would begin a section.
        text = text.substring(at).replaceAll("\\\\\n\\s*(?=%)", " ");
        Optional<List<String>> list = Words.list(text.replaceAll("\\\\\n\\s*", " "));
        String command = list.map(Words::literal).orElse(text);
        if (!instruction.documents().isEmpty()) {
            StringBuilder whole = new StringBuilder(command.matches("<<-?['\"]?\\w+['\"]?") ? "" : command + "\n");
            for (Instruction.Document document : instruction.documents()) {
                whole.append(document.text());
                if (!command.matches("<<-?['\"]?\\w+['\"]?")) {
                    whole.append(document.name()).append('\n');
                }
            }
            command = whole.toString().stripTrailing();
        }
        if (command.lines().anyMatch(line -> line.strip().startsWith("%"))) {
            warn(instruction, "a line begins with %, which would begin a section: put something before it");
        }
        // Each RUN has a shell of its own: what one changes in its shell, the next does not see.
        boolean own = Pattern.compile("(^|[\\s;&(])(cd|export|set|umask|exit|\\w+=\\S*\\s*($|[;&]))(?=[\\s;&]|$)").matcher(command).find();
        boolean here = !instruction.documents().isEmpty();
        if (own) {
            stage.run("(");
        }
        for (String line : command.split("\n")) {
            stage.post.append(here ? "" : "    ").append(here ? line : line.strip()).append('\n');
        }
        if (own) {
            stage.run(")");
        }
        stage.ran = true;
    }

    private void copy(Instruction instruction) throws UserException {
        String text = instruction.joined();
        Matcher flag = FLAG.matcher(text);
        Map<String, String> flags = new LinkedHashMap<>();
        int at = 0;
        while (flag.find(at) && flag.start() == at) {
            flags.put(flag.group(1), flag.group(2) == null ? "" : flag.group(2));
            at = flag.end();
        }
        List<String> words = Words.list(text.substring(at)).orElse(Words.split(text.substring(at)));
        if (words.size() < 2) {
            throw wrong(instruction, "%s %s".formatted(instruction.word(), text), "Expected sources and a destination.");
        }
        String last = inDirectory(expanded(instruction, words.getLast()));
        boolean many = words.size() > 2;
        String destination = many && !last.endsWith("/") ? last + "/" : last;
        if (!instruction.documents().isEmpty()) {
            for (Instruction.Document document : instruction.documents()) {
                String target = destination.endsWith("/") ? destination + document.name() : destination;
                stage.run("mkdir -p %s".formatted(Words.literal(target.substring(0, Math.max(1, target.lastIndexOf('/'))))));
                stage.post.append("    cat >%s <<'%s'\n%s%2$s\n".formatted(Words.literal(target), document.name(), document.text()));
            }
            return;
        }
        String from = "";
        if (flags.containsKey("from")) {
            from = " from " + source(instruction, flags.get("from"));
        }
        if (stage.ran) {
            warn(instruction, "%s comes after RUN, but %%files are copied before %%post runs".formatted(instruction.word()));
        }
        for (String word : words.subList(0, words.size() - 1)) {
            one(instruction, from, expanded(instruction, word), destination);
        }
        owners(instruction, flags, destination);
        for (String name : flags.keySet()) {
            if (!name.matches("from|chown|chmod|link")) {
                warn(instruction, "--%s of %s has no equivalent".formatted(name, instruction.word()));
            }
        }
    }

    private void one(Instruction instruction, String from, String source, String destination) {
        if (instruction.word().equals("ADD") && source.matches("(https?|git|ssh)(://|@).*")) {
            warn(instruction, "ADD of %s has no equivalent: fetch it in %%post".formatted(source));
            return;
        }
        boolean absolute = from.isEmpty() && source.startsWith("/");
        // Docker's sources begin in the build context, whatever they begin with.
        String path = absolute ? source.substring(1) : source;
        boolean directory = from.isEmpty() && (path.endsWith("/") || isDirectory.test(path));
        if (instruction.word().equals("ADD") && from.isEmpty() && ARCHIVE.matcher(path).matches()) {
            String archive = "/." + path.substring(path.lastIndexOf('/') + 1);
            stage.copy(from, "%s %s".formatted(quoted(path), quoted(archive)));
            stage.run("mkdir -p %s && tar -xf %s -C %1$s && rm %2$s".formatted(Words.literal(destination), Words.literal(archive)));
        } else if (directory) {
            String inner = path.isEmpty() || path.equals(".") || path.equals("./") ? "*" : path.replaceAll("/+$", "") + "/*";
            stage.copy(from, "%s %s".formatted(quoted(inner), quoted(destination.endsWith("/") ? destination : destination + "/")));
        } else {
            stage.copy(from, "%s %s".formatted(quoted(path), quoted(destination)));
        }
    }

    private static String quoted(String path) {
        return path.matches(".*\\s.*") ? "\"" + path + "\"" : path;
    }

    /** The name of the stage that files come from; an image becomes one. */
    private String source(Instruction instruction, String from) {
        Optional<BuildStage> earlier = find(from).filter(found -> found != stage);
        if (earlier.isEmpty() && from.matches("\\d+") && Integer.parseInt(from) < stages.size() - 1) {
            earlier = Optional.of(stages.get(Integer.parseInt(from)));
        }
        if (earlier.isEmpty()) {
            BuildStage image = base("image" + instruction.line(), from);
            stages.add(stages.size() - 1, image);
            earlier = Optional.of(image);
        }
        earlier.get().used = true;
        return earlier.get().name;
    }

    private void owners(Instruction instruction, Map<String, String> flags, String destination) {
        if (flags.containsKey("chown")) {
            stage.run("chown -R %s %s".formatted(Words.literal(expanded(instruction, flags.get("chown"))), Words.literal(destination)));
        }
        if (flags.containsKey("chmod")) {
            stage.run("chmod -R %s %s".formatted(Words.literal(expanded(instruction, flags.get("chmod"))), Words.literal(destination)));
        }
    }

    private void directory(Instruction instruction) {
        stage.directory = inDirectory(expanded(instruction, instruction.joined()));
        stage.run("mkdir -p %s && cd %1$s".formatted(Words.literal(stage.directory)));
    }

    private String inDirectory(String path) {
        if (path.startsWith("/") || path.startsWith("{{")) {
            return path;
        }
        String relative = path.equals(".") ? "" : path.replaceFirst("^\\./", "");
        return (stage.directory.isEmpty() ? "" : stage.directory.replaceAll("/+$", "")) + "/" + relative;
    }

    private String shellLine(Instruction instruction) {
        return "/bin/sh -c " + Words.literal(instruction.joined());
    }

    private void healthCheck(Instruction instruction) {
        String text = instruction.joined();
        int command = text.indexOf("CMD");
        if (command < 0) {
            return;
        }
        if (command > 0) {
            warn(instruction, "the check becomes %test, which runs once after the build; its times have no equivalent");
        }
        String words = text.substring(command + 3).strip();
        stage.test.append("    ").append(Words.list(words).map(Words::literal).orElse(words)).append('\n');
    }

    private void shell(Instruction instruction) throws UserException {
        List<String> words = Words.list(instruction.joined())
                .orElseThrow(() -> wrong(instruction, "SHELL " + instruction.joined(), "Expected a list such as [\"/bin/bash\", \"-c\"]."));
        if (stage.ran) {
            warn(instruction, "SHELL comes after RUN, but all of %post is run by one shell");
        }
        stage.shell = " -c " + Words.literal(words.stream().filter(word -> !word.equals("-c")).toList()) + " -e";
    }
}
