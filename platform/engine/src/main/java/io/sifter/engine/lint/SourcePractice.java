package io.sifter.engine.lint;

import io.sifter.engine.lint.Script.Kind;
import io.sifter.engine.lint.ShellCommand.Word;
import io.sifter.image.document.HistoryEntry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Sources. Signs: an image named without a version, or as {@code latest}; a repository cloned without naming what; a script from the network given
 * to a shell; addresses of something that changes ({@code latest}, {@code master}, {@code nightly}); an image that does not say how it was made. A
 * tag counts as a version, and packages of distributions without one are no sign, since their archives keep only one.
 */
final class SourcePractice implements Practice {
    private static final Set<String> NAMED = Set.of("docker", "library", "oras", "shub", "docker-daemon");
    private static final Set<String> FETCHERS = Set.of("curl", "wget", "fetch", "aria2c");
    private static final Set<String> SHELLS = Set.of("sh", "bash", "dash", "zsh", "ksh", "python", "python3", "perl");
    private static final Pattern MOVING = Pattern.compile("(?i)\\w+://\\S*?[/_.-](latest|master|main|head|nightly|trunk)([/_.-]\\S*)?$");
    private static final Pattern FETCHED = Pattern.compile("\\$\\((curl|wget)\\s");
    /** Steps that say no more than that somebody did something. */
    private static final Pattern OPAQUE = Pattern.compile("\\s*|umoci (repack|insert)\\b.*|/?(usr/)?(bin/)?(ba|da)?sh");

    @Override
    public void script(Script script, Findings findings) {
        if (script.kind() != Kind.BUILD) {
            return;
        }
        boolean checksOut = script.commands().stream().anyMatch(command -> command.program().equals("git")
                && command.operands().stream().limit(3).anyMatch(word -> Set.of("checkout", "reset", "switch").contains(word.text())));
        boolean fetching = false;
        for (ShellCommand command : script.commands()) {
            String program = command.program();
            boolean piped = command.before().equals("|") && fetching;
            fetching = FETCHERS.contains(program) || piped;
            if (SHELLS.contains(program) && (piped || command.arguments().stream().anyMatch(word -> FETCHED.matcher(word.text()).find()))) {
                findings.add(Check.SOURCE, script.place(command), "%s runs a script of the network as it happens to be".formatted(script.name()),
                        "Fetch a version of it, check its digest, then run it.");
            }
            if (command.is("git", "clone") && !command.has("-b", "--branch", "--revision") && !checksOut) {
                findings.add(Check.SOURCE, script.place(command), "%s clones a repository without saying which version".formatted(script.name()),
                        "Name a tag with --branch, or check out a commit.");
            }
            boolean fetches = FETCHERS.contains(program);
            if (fetches || program.matches("pip[0-9.]*|conda|mamba")) {
                for (Word word : command.arguments()) {
                    boolean unpinned = fetches ? MOVING.matcher(word.text()).matches() : word.text().startsWith("git+") && word.text().lastIndexOf('@') < 8;
                    if (unpinned) {
                        findings.add(Check.SOURCE, script.place(word), "%s fetches what changes: %s".formatted(script.name(), Findings.shown(word.text())),
                                "Name a version.");
                    }
                }
            }
        }
    }

    @Override
    public void definition(DefinitionSubject definition, Findings findings) {
        for (StageText stage : definition.stages()) {
            Optional<String> from = stage.stage().key("from").filter(name -> NAMED.contains(stage.stage().bootstrap()) && unpinned(name));
            if (from.isPresent()) {
                StageText.Line line = stage.line("from");
                int column = line.text().indexOf(from.get());
                findings.add(Check.SOURCE, definition.place(line, column < 0 ? 1 : column + 1), "%s names no version".formatted(Findings.shown(from.get())),
                        "Name a tag, such as NAME:1.2, or better a digest, NAME@sha256:….");
            }
        }
    }

    /** Whether a name without its transport has no tag but {@code latest}, and no digest. */
    static boolean unpinned(String name) {
        if (name.contains("@")) {
            return false;
        }
        String last = name.substring(name.lastIndexOf('/') + 1);
        int colon = last.indexOf(':');
        return colon < 0 || last.substring(colon + 1).equals("latest");
    }

    @Override
    public void image(ImageSubject image, Findings findings) throws IOException {
        image.reference().filter(reference -> NAMED.contains(reference.transport()) && unpinned(reference.path()))
                .ifPresent(reference -> findings.add(Check.SOURCE,
                new Place.Whole(image.name()), "%s names no version".formatted(Findings.shown(reference.path().replaceFirst("^//", ""))),
                        "Name a tag, such as NAME:1.2, or better a digest, NAME@sha256:…."));
        if (image.text(ImageSubject.DEFINITION).isPresent() || image.config()
                .filter(config -> config.labels().containsKey("org.opencontainers.image.source")).isPresent()) {
            return;
        }
        if (image.layers() == 0) {
            findings.add(Check.SOURCE, new Place.Whole(image.name()), "Nothing in the image says how it was made",
                    "Build it from a definition file, which then stays in it.");
            return;
        }
        List<HistoryEntry> steps = image.history().stream().filter(entry -> !entry.emptyLayer()).toList();
        List<String> opaque = new ArrayList<>();
        for (int i = 0; i < image.layers(); i++) {
            if (i >= steps.size() || OPAQUE.matcher(steps.get(i).createdBy()).matches()) {
                opaque.add(String.valueOf(i + 1));
            }
        }
        if (!opaque.isEmpty()) {
            findings.add(Check.SOURCE, new Place.InConfiguration("history"), "It does not say how %s %s of %d came about".formatted(opaque.size() == 1
                    ? "layer" : "layers",
                    Findings.shown(String.join(", ", opaque)), image.layers()),
                            "Build the image from a Dockerfile or a definition file, and keep that with it.");
        }
    }
}
