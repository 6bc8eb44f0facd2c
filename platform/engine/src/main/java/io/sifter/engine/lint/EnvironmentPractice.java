package io.sifter.engine.lint;

import io.sifter.engine.lint.Script.Kind;
import io.sifter.engine.lint.ShellCommand.Word;
import io.sifter.spi.tree.Directory;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Variables in start-up files of shells. Signs: scripts of a build that write to such files, or call {@code conda init}; files that are copied
 * there; runscripts that read them, or start a login shell; start-up files in the image that export what programs need. What distributions put
 * there is no sign: variables of interactive use, and a PATH of the usual directories.
 */
final class EnvironmentPractice implements Practice {
    private static final String USERS = "\\.(bashrc|bash_profile|bash_login|bash_aliases|profile|zshrc|zshenv|zprofile|kshrc|cshrc|tcshrc|login)";
    private static final Pattern START_UP = Pattern.compile("(~|\\$\\{?HOME}?|/root|/home/[^/]+|/etc/skel)/" + USERS
            + "|/etc/(profile|bash\\.bashrc|bashrc|environment|zshrc|zsh/[^/]+|csh\\.cshrc|csh\\.login|profile\\.d/.+)");
    /** Of interactive use. */
    private static final Set<String> INTERACTIVE = Set.of("PS1", "PS2", "PROMPT_COMMAND", "TERM", "EDITOR", "VISUAL", "PAGER", "LESS", "LESSOPEN",
            "LESSCLOSE", "LS_OPTIONS", "LS_COLORS", "CLICOLOR", "GREP_COLOR", "GREP_COLORS", "GREP_OPTIONS", "GCC_COLORS", "HISTCONTROL", "HISTSIZE",
            "HISTFILESIZE", "HISTFILE", "HISTTIMEFORMAT", "GPG_TTY", "USER", "LOGNAME", "MAIL", "HOSTNAME", "INPUTRC", "LANG", "LC_ALL", "LANGUAGE",
            "CHARSET", "SHELL", "COLORTERM", "VTE_VERSION", "TMOUT", "DEBUGINFOD_URLS", "DEBUGINFOD_IMA_CERT_PATH", "XDG_DATA_DIRS",
            "XDG_CONFIG_DIRS", "BASH_ENV", "ENV", "SSH_AUTH_SOCK", "DISPLAY");
    private static final Pattern USUAL_DIRECTORY = Pattern.compile("\\$\\{?\\w+(:[-+][^}]*)?}?|(/usr(/local)?)?/s?bin|/usr(/local)?/games|/snap/bin|(~|\\$\\{?HOME}?)/(\\.local/)?bin|");
    /** Start-up files of the image, but those in {@code /etc/profile.d}. */
    private static final List<String> FILES = List.of("root/.bashrc", "root/.bash_profile", "root/.bash_login", "root/.profile", "root/.zshrc",
            "etc/profile", "etc/bash.bashrc", "etc/bashrc", "etc/environment", "etc/skel/.bashrc", "etc/skel/.profile");
    private static final int MAX_FILES = 200;

    @Override
    public void script(Script script, Findings findings) {
        for (ShellCommand command : script.commands()) {
            if (script.kind() == Kind.BUILD) {
                command.changed().stream().filter(word -> !command.program().equals("rm") && START_UP.matcher(word.text()).matches()).findFirst()
                        .ifPresent(word ->
                        findings.add(Check.ENVIRONMENT, script.place(word), "%s writes to the start-up file %s".formatted(script.name(),
                                Findings.shown(word.text())),
                                "Set variables in %environment, or with ENV in a Dockerfile."));
                if (command.program().matches("conda|mamba") && command.arguments().stream().anyMatch(word -> word.text().equals("init"))) {
                    findings.add(Check.ENVIRONMENT, script.place(command),
                            "%s calls %s init, which writes to start-up files of shells".formatted(script.name(), command.program()),
                            "Put the environment's directory into PATH in %environment.");
                }
                continue;
            }
            boolean reads = Set.of("source", ".").contains(command.program()) && command.operands().stream()
                    .anyMatch(word -> START_UP.matcher(word.text()).matches());
            boolean logs = Set.of("sh", "bash", "dash", "zsh").contains(command.program()) && command.arguments().stream().map(Word::text)
                    .takeWhile(word -> word.startsWith("-")).anyMatch(word -> word.equals("--login") || word.matches("-\\w*[li]\\w*"));
            if (reads || logs) {
                findings.add(Check.ENVIRONMENT, script.place(command), "%s %s".formatted(script.name(), reads ? "reads a start-up file of shells"
                        : "starts a login or interactive shell"),
                        "Set variables in %environment, which counts for every command.");
            }
        }
    }

    @Override
    public void definition(DefinitionSubject definition, Findings findings) {
        for (DefinitionSubject.Copied copied : definition.copied()) {
            if (START_UP.matcher(copied.path()).matches() || copied.path().matches("/etc/profile\\.d/?")) {
                findings.add(Check.ENVIRONMENT, copied.place(), "%files copies a start-up file of shells", "Set variables in %environment.");
            }
        }
    }

    @Override
    public void image(ImageSubject image, Findings findings) throws IOException {
        List<String> files = new ArrayList<>(FILES);
        if (image.find("etc/profile.d").orElse(null) instanceof Directory directory) {
            directory.children().keySet().stream().filter(name -> name.endsWith(".sh")).limit(MAX_FILES).forEach(name -> files.add("etc/profile.d/" + name));
        }
        if (image.find("home").orElse(null) instanceof Directory home) {
            home.children().keySet().stream().limit(MAX_FILES).forEach(name -> Stream.of(".bashrc", ".bash_profile", ".profile")
                    .forEach(file -> files.add("home/" + name + "/" + file)));
        }
        for (String file : files) {
            Optional<String> text = image.text(file);
            if (text.isEmpty()) {
                continue;
            }
            Set<String> names = new TreeSet<>();
            int line = 0;
            boolean plain = file.equals("etc/environment");
            for (ShellCommand command : ShellScript.commands(text.get())) {
                for (Word word : command.assignments()) {
                    boolean path = Variables.isPath(word.name());
                    if ((command.exports() || path || plain) && !INTERACTIVE.contains(word.name()) && !word.name().startsWith("LC_")
                            && !(path && Stream.of(word.value().split(":", -1)).allMatch(one -> USUAL_DIRECTORY.matcher(one).matches()))) {
                        names.add(word.name());
                        line = line == 0 ? word.line() : line;
                    }
                }
            }
            if (text.get().contains("# >>> conda initialize") || text.get().contains("# >>> mamba initialize")) {
                names.add("those of conda");
            }
            if (!names.isEmpty()) {
                findings.add(Check.ENVIRONMENT, image.place(file, line),
                        "A start-up file of shells sets variables: %s".formatted(Findings.shown(String.join(", ", names))),
                        "Set them in %environment of a definition, or with ENV in a Dockerfile.");
            }
        }
    }
}
