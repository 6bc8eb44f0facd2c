package io.sifter.engine.launch;

import io.sifter.spi.error.UserException;
import io.sifter.spi.tree.RawName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Sorts the variables that may reach the command by their rank: those of the host, which yield to the image's; those that a
 * person sets for this container, which win over the image's; and those that describe the container. All raw.
 */
final class CommandEnvironment {
    /** Appended to the caller's PATH for {@code USER_PATH}, as the peers do. */
    private static final String USER_PATH_TAIL = "/bin:/usr/bin:/sbin:/usr/sbin:/usr/local/bin:/usr/local/sbin";
    private static final Set<String> KEPT_WHEN_CLEAN = Set.of("TERM", "http_proxy", "https_proxy", "no_proxy", "all_proxy", "ftp_proxy",
            "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "FTP_PROXY");
    /** The container has its own, or the shell that prepares the command keeps them to itself. */
    private static final Set<String> NEVER_FROM_HOST = Set.of("HOME", "PATH", "LD_LIBRARY_PATH", "PWD", "_", "UID", "EUID", "GID", "PPID",
            "OPTIND", "IFS", "BASHOPTS", "SHELLOPTS", "BASH_VERSINFO", "PS4", "USER_PATH");
    private static final Set<String> NOT_TO_SET = Set.of("HOME", "SINGULARITY_SHELL", "SINGULARITY_APPNAME");
    private static final int MOST_IN_FILE = 1 << 17;

    /** Yield to what the image sets. */
    private final Map<String, String> host = new TreeMap<>();
    /** Win over what the image sets; by {@code SINGULARITYENV_} or {@code --env}. */
    private final Map<String, String> wanted = new TreeMap<>();
    /** Texts of {@code --env-file}, which a shell evaluates, and the names that they assign. */
    private final Map<String, Set<String>> files = new LinkedHashMap<>();
    private final Map<String, String> container = new TreeMap<>();

    private CommandEnvironment() {}

    Map<String, String> host() {
        return host;
    }

    Map<String, String> wanted() {
        return wanted;
    }

    Map<String, Set<String>> files() {
        return files;
    }

    /** Describe the container. */
    Map<String, String> container() {
        return container;
    }

    static CommandEnvironment of(Host caller, ActionRequest request, boolean clean, Consumer<String> warnings) throws IOException {
        CommandEnvironment environment = new CommandEnvironment();
        environment.take(caller.environment(), clean, warnings);
        environment.takeFiles(request.variables(), warnings);
        for (Map.Entry<String, String> set : request.variables().set().entrySet()) {
            environment.want(set.getKey(), set.getValue(), warnings);
        }
        if (!clean) {
            String path = caller.environment().get("PATH");
            environment.container.put("USER_PATH", (path == null || path.isEmpty() ? "" : path + ":") + USER_PATH_TAIL);
        }
        return environment;
    }

    private void take(Map<String, String> caller, boolean clean, Consumer<String> warnings) {
        for (Map.Entry<String, String> variable : caller.entrySet()) {
            String name = variable.getKey();
            if (name.startsWith("APPTAINERENV_") && !caller.containsKey("SINGULARITYENV_" + name.substring(13))) {
                want(name.substring(13), variable.getValue(), warnings);
            } else if (name.startsWith("SINGULARITYENV_")) {
                want(name.substring(15), variable.getValue(), warnings);
            } else if (passesOn(name) && (!clean || KEPT_WHEN_CLEAN.contains(name))) {
                host.put(name, variable.getValue());
            }
        }
        if (clean) {
            host.put("LANG", "C");
        }
    }

    private static boolean passesOn(String name) {
        return isName(name) && !NEVER_FROM_HOST.contains(name) && !name.startsWith("SINGULARITY_") && !name.startsWith("APPTAINER_")
                && !name.startsWith("APPTAINERENV_") && !name.startsWith("SIFTER_");
    }

    private void want(String name, String value, Consumer<String> warnings) {
        if (NOT_TO_SET.contains(name)) {
            warnings.accept("Overriding %s environment variable with SINGULARITYENV_%s is not permitted".formatted(name, name));
        } else if (isName(name)) {
            wanted.put(switch (name) {
                case "PATH" -> "SING_USER_DEFINED_PATH";
                case "PREPEND_PATH" -> "SING_USER_DEFINED_PREPEND_PATH";
                case "APPEND_PATH" -> "SING_USER_DEFINED_APPEND_PATH";
                default -> name;
            }, value);
        } else if (name.isEmpty()) {
            warnings.accept("Ignore environment variable =%s: variable name missing".formatted(RawName.display(value)));
        }
    }

    private void takeFiles(ActionRequest.Variables variables, Consumer<String> warnings) throws IOException {
        for (Path file : variables.files()) {
            String text;
            try {
                if (Files.size(file) >= MOST_IN_FILE) {
                    throw new UserException("The file %s of --env-file has %d bytes, more than the %d that a shell can be given"
                            .formatted(file, Files.size(file), MOST_IN_FILE - 1));
                }
                text = RawName.of(Files.readAllBytes(file));
            } catch (IOException unreadable) {
                throw unreadable instanceof UserException ? unreadable
                        : new UserException("while setting environment: while processing %s: could not read environment file \"%s\": open %s: %s"
                                .formatted(file, file, file, reason(unreadable)));
            }
            Set<String> names = assigned(text);
            for (String name : List.copyOf(names)) {
                if (variables.set().containsKey(name)) {
                    warnings.accept("Ignored environment file variable %s: override from --env".formatted(name));
                    names.remove(name);
                } else if (NOT_TO_SET.contains(name)) {
                    warnings.accept("Overriding %s environment variable with --env-file is not permitted".formatted(name));
                    names.remove(name);
                } else {
                    wanted.remove(name);
                }
            }
            files.put(text, names);
        }
    }

    private static String reason(IOException e) {
        return e instanceof java.nio.file.NoSuchFileException ? "no such file or directory" : e.getMessage();
    }

    /** Names that a text of assignments sets, {@code [export ]NAME=…} at the beginning of a line. */
    static Set<String> assigned(String text) {
        Set<String> names = new LinkedHashSet<>();
        for (String line : text.split("\n")) {
            String rest = line.strip();
            if (rest.startsWith("export ")) {
                rest = rest.substring(7).strip();
            }
            int equals = rest.indexOf('=');
            if (equals > 0 && isName(rest.substring(0, equals))) {
                names.add(rest.substring(0, equals));
            }
        }
        return names;
    }

    static boolean isName(String name) {
        if (name.isEmpty() || name.charAt(0) >= '0' && name.charAt(0) <= '9') {
            return false;
        }
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (!(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_')) {
                return false;
            }
        }
        return true;
    }

    /** Names of variables, for a shell's list of words. */
    static String words(Iterable<String> names) {
        return String.join(" ", names);
    }

    List<String> fileTexts() {
        return new ArrayList<>(files.keySet());
    }
}
