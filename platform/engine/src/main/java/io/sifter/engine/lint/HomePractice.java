package io.sifter.engine.lint;

import io.sifter.engine.lint.Script.Kind;
import io.sifter.engine.lint.ShellCommand.Word;
import io.sifter.image.document.ImageConfig;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.Node;
import io.sifter.spi.tree.RegularFile;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What is in home directories and in {@code /tmp}. Signs: files there, but empty ones, caches and what distributions give every home; variables
 * that end in PATH and programs to start that lead there; scripts that install there; copies to there. What {@code %post} puts into {@code /tmp}
 * and removes again is no sign.
 */
final class HomePractice implements Practice {
    /** What is found in homes that nobody put software into. */
    private static final Set<String> USUAL = Set.of(".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".bash_history", ".bash_aliases",
            ".profile", ".cshrc", ".tcshrc", ".login", ".zshrc", ".inputrc", ".vimrc", ".viminfo", ".nanorc", ".wget-hsts", ".rnd", ".lesshst",
            ".python_history", ".ash_history", ".gnupg", ".cache", ".ssh", ".npm", ".m2", ".pki", ".rpmdb", ".dbus", ".nv", ".face", ".face.icon",
            ".gitconfig", ".launchpadlib", ".hushlogin", ".sudo_as_admin_successful", ".docker", ".netrc", ".aws", ".singularity", ".apptainer",
            "anaconda-ks.cfg", "anaconda-post.log", "anaconda-post-nochroot.log", "original-ks.cfg", "buildinfo");
    /** Directories for settings: only programs in them count. */
    private static final Set<String> SETTINGS = Set.of(".config", ".local", ".conda", ".java", ".gradle", ".nuget", ".dotnet", ".ipython",
            ".jupyter");
    private static final Pattern HOME = Pattern.compile("(?:/root|~|\\$\\{?HOME}?)/([^/]+).*", Pattern.DOTALL);
    private static final Pattern ABSOLUTE = Pattern.compile("/+(root|home/+[^/]+|tmp|var/+tmp)(/.*)?", Pattern.DOTALL);
    private static final Pattern PREFIX = Pattern.compile("(?:--prefix=|--target=|--install-dir=|--root=|-DCMAKE_INSTALL_PREFIX=|DESTDIR=|PREFIX=)(.+)",
            Pattern.DOTALL);
    /** Programs whose words are where they put something. */
    private static final Set<String> PLACING = Set.of("cp", "mv", "install", "git", "tar", "unzip", "bash", "sh", "pip", "pip3", "conda", "mamba",
            "cmake", "make", "ninja", "python", "python3", "configure", "npm", "curl", "wget", "virtualenv", "rsync", "ln");
    private static final String ELSEWHERE = "Install to /opt or /usr/local, with read permission for everybody.";
    private static final int MAX_NODES = 200_000;
    private static final int MAX_NAMES = 4;

    /** What is in a directory, as far as it was looked at. */
    private record Contents(int files, int programs) {}

    @Override
    public void script(Script script, Findings findings) {
        switch (script.kind()) {
            case BUILD -> build(script, findings);
            case SETTINGS -> script.commands().stream().flatMap(command -> command.assignments().stream()).forEach(word ->
                    variable(word.name(), word.value(), script.place(word), findings));
            case RUN -> script.commands().stream().flatMap(command -> command.words().stream()).filter(word -> word.text().startsWith("/root/"))
                    .findFirst().ifPresent(word ->
                    findings.add(Check.ROOT_HOME, script.place(word), "%s uses %s".formatted(script.name(), Findings.shown(word.text())), ELSEWHERE));
        }
    }

    private static void build(Script script, Findings findings) {
        Map<String, Word> targets = new LinkedHashMap<>();
        for (ShellCommand command : script.commands()) {
            if (command.program().equals("rm")) {
                command.operands().forEach(word -> targets.keySet().removeIf(name -> name.equals(inHome(word.text()).orElse(""))));
            }
            if (command.program().matches("pip[0-9.]*") && command.has("--user")) {
                findings.add(Check.ROOT_HOME, script.place(command), "%s installs with pip to the home directory of root".formatted(script.name()),
                        "Leave out --user.");
            }
            for (Word word : command.words()) {
                Matcher prefix = PREFIX.matcher(word.text());
                boolean stated = prefix.matches();
                String path = stated ? prefix.group(1) : word.text();
                Optional<String> name = inHome(path);
                if (name.isPresent() && (stated || PLACING.contains(command.program())) && !USUAL.contains(name.get()) && !SETTINGS.contains(name.get())) {
                    targets.putIfAbsent(name.get(), word);
                } else if (stated && ABSOLUTE.matcher(path).matches() && !path.startsWith("/root")) {
                    findings.add(Check.HOME_TMP, script.place(word), "%s installs to %s".formatted(script.name(), Findings.shown(path)), ELSEWHERE);
                }
            }
        }
        targets.forEach((name, word) -> findings.add(Check.ROOT_HOME, script.place(word),
                "%s puts %s into the home directory of root".formatted(script.name(), Findings.shown(name)),
                ELSEWHERE));
    }

    /** What a path names in root's home. */
    private static Optional<String> inHome(String path) {
        Matcher matcher = HOME.matcher(path);
        return matcher.matches() ? Optional.of(matcher.group(1)) : Optional.empty();
    }

    /** A variable that programs of the container see. */
    private static void variable(String name, String value, Place place, Findings findings) {
        if (!Variables.isPath(name)) {
            return;
        }
        for (String directory : value.split(":")) {
            Matcher matcher = ABSOLUTE.matcher(directory);
            if (matcher.matches()) {
                boolean root = matcher.group(1).equals("root");
                findings.add(root ? Check.ROOT_HOME : Check.HOME_TMP, place, "%s leads to %s".formatted(name, Findings.shown(directory)), ELSEWHERE);
            }
        }
    }

    @Override
    public void definition(DefinitionSubject definition, Findings findings) {
        List<ShellCommand> removals = definition.scripts().stream().filter(script -> script.kind() == Kind.BUILD).flatMap(script -> script.commands().stream())
                .filter(command -> command.program().equals("rm") || command.program().equals("mv")).toList();
        for (DefinitionSubject.Copied copied : definition.copied()) {
            Matcher matcher = ABSOLUTE.matcher(copied.path());
            if (!matcher.matches()) {
                continue;
            }
            String top = matcher.group(1);
            String name = copied.source().substring(copied.source().lastIndexOf('/') + 1);
            List<String> places = List.of(copied.path(), copied.path().replaceFirst("/+$", "") + "/" + name);
            boolean removed = removals.stream().flatMap(command -> command.operands().stream()).map(word -> word.text().replaceFirst("\\*.*", ""))
                    .anyMatch(gone -> gone.length() > top.length() + 1 && places.stream().anyMatch(place -> place.startsWith(gone)));
            if (!removed) {
                findings.add(top.equals("root") ? Check.ROOT_HOME : Check.HOME_TMP, copied.place(),
                        "%%files copies to %s".formatted(Findings.shown(copied.path())),
                        "Copy it to /opt or /usr/local.");
            }
        }
    }

    @Override
    public void image(ImageSubject image, Findings findings) {
        image.environment().forEach((name, value) -> variable(name, value, new Place.InConfiguration("Env " + Findings.shown(name)), findings));
        image.commandWord().filter(word -> ABSOLUTE.matcher(word).matches()).ifPresent(word -> findings.add(word.startsWith("/root") ? Check.ROOT_HOME
                : Check.HOME_TMP,
                new Place.InConfiguration(image.config().filter(config -> !config.entrypoint().isEmpty()).map((ImageConfig _) -> "Entrypoint").orElse("Cmd")),
                "The image starts %s".formatted(Findings.shown(word)), ELSEWHERE));
        home(image, "root", Check.ROOT_HOME, findings);
        all(image, "tmp", findings);
        all(image, "var/tmp", findings);
        if (image.find("home").orElse(null) instanceof Directory homes) {
            homes.children().keySet().stream().limit(MAX_NODES).forEach(name -> home(image, "home/" + name, Check.HOME_TMP, findings));
        }
    }

    /** A home directory, of which some things are usual. */
    private static void home(ImageSubject image, String path, Check check, Findings findings) {
        Node node = image.root();
        for (String name : path.split("/")) {
            node = node instanceof Directory directory ? directory.children().get(name) : null;
        }
        if (!(node instanceof Directory home)) {
            return;
        }
        List<String> software = new ArrayList<>();
        List<String> data = new ArrayList<>();
        home.children().forEach((name, child) -> {
            if (USUAL.contains(name)) {
                return;
            }
            Contents contents = contents(child);
            if (contents.programs() > 0) {
                software.add(name);
            } else if (contents.files() > 0 && !SETTINGS.contains(name)) {
                data.add(name);
            }
        });
        add(image, path, software, check, "has software", findings);
        add(image, path, data, check, "has files", findings);
    }

    private static void all(ImageSubject image, String path, Findings findings) {
        if (image.find(path).orElse(null) instanceof Directory directory) {
            List<String> names = directory.children().entrySet().stream().filter(child -> contents(child.getValue()).files() > 0)
                    .map(Map.Entry::getKey).toList();
            add(image, path, names, Check.HOME_TMP, "has files", findings);
        }
    }

    private static void add(ImageSubject image, String path, List<String> names, Check check, String what, Findings findings) {
        if (!names.isEmpty()) {
            String shown = String.join(", ", names.stream().limit(MAX_NAMES).map(name -> Findings.shown(ImageSubject.shown(name).substring(1))).toList());
            findings.add(check, names.size() == 1 ? image.place(path + "/" + names.getFirst()) : image.place(path),
                    "%s %s in it: %s%s".formatted(ImageSubject.shown(path), what, shown,
                    names.size() > MAX_NAMES ? " and %d more".formatted(names.size() - MAX_NAMES) : ""), ELSEWHERE);
        }
    }

    /** Counts files that are not empty, and programs among them. */
    private static Contents contents(Node top) {
        int files = 0;
        int programs = 0;
        int seen = 0;
        Deque<Map.Entry<String, Node>> ahead = new ArrayDeque<>(List.of(Map.entry("", top)));
        while (!ahead.isEmpty() && ++seen < MAX_NODES) {
            Map.Entry<String, Node> one = ahead.pop();
            if (one.getValue() instanceof Directory directory) {
                directory.children().forEach((name, node) -> ahead.push(Map.entry(name, node)));
            } else if (one.getValue() instanceof RegularFile file && file.content().size() > 0) {
                files++;
                programs += (file.attributes().mode() & 0111) != 0 || one.getKey().matches(".*\\.so(\\.[0-9.]+)?") ? 1 : 0;
            }
        }
        return new Contents(files, programs);
    }
}
