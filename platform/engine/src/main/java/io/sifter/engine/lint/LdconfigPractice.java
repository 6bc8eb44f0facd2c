package io.sifter.engine.lint;

import io.sifter.engine.lint.Script.Kind;
import io.sifter.engine.lint.ShellCommand.Word;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.Node;
import io.sifter.spi.tree.RegularFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The cache of libraries. Signs: shared libraries in a directory that {@code /etc/ld.so.conf} names and that {@code /etc/ld.so.cache} does not
 * know, unless LD_LIBRARY_PATH leads there; scripts of a build that install libraries, or name directories of libraries, and do not call {@code
 * ldconfig} afterwards. The linker's own directories need no cache; images without glibc have none.
 */
final class LdconfigPractice implements Practice {
    private static final Pattern OWN = Pattern.compile("(usr/)?lib(32|64|x32)?(/[a-z0-9_]+-linux-[a-z0-9]+)?");
    private static final Pattern LIBRARY = Pattern.compile("(lib[^/]+?\\.so)(\\.[^/]*)?");
    private static final Pattern LIBRARY_PATH = Pattern.compile("(/\\S*)?/lib(32|64)?/?(\\S*\\.so[.\\w*]*)?");
    private static final byte[] ELF = {0x7F, 'E', 'L', 'F'};
    private static final int MAX_CACHE = 8 << 20;
    private static final int MAX_DIRECTORIES = 1000;
    private static final int MAX_FILES = 10_000;
    private static final int MAX_NAMES = 3;
    private static final String INSTEAD = "Call ldconfig at the end of %post, or of the last RUN that installs libraries.";

    @Override
    public void script(Script script, Findings findings) {
        if (script.kind() != Kind.BUILD || script.commands().stream().anyMatch(command -> command.assignments().stream()
                .anyMatch(word -> word.name().equals("LD_LIBRARY_PATH")))) {
            return;
        }
        Optional<ShellCommand> installed = Optional.empty();
        String what = "";
        for (ShellCommand command : script.commands()) {
            if (command.program().equals("ldconfig")) {
                installed = Optional.empty();
            } else if (command.changed().stream().map(Word::text).anyMatch(path -> path.startsWith("/etc/ld.so.conf"))) {
                installed = Optional.of(command);
                what = "names directories of libraries";
            } else if (command.changed().stream().map(Word::text).anyMatch(path -> LIBRARY_PATH.matcher(path).matches() && path.startsWith("/usr/local/"))
                    && command.words().stream().anyMatch(word -> word.text().matches(".*\\.so[.\\w*]*"))) {
                installed = Optional.of(command);
                what = "copies libraries";
            }
        }
        String done = what;
        installed.ifPresent(command -> findings.add(Check.LDCONFIG, script.place(command),
                "%s %s, and does not call ldconfig afterwards".formatted(script.name(), done), INSTEAD));
    }

    @Override
    public void definition(DefinitionSubject definition, Findings findings) {
        StageText last = definition.last();
        boolean settled = last.sections().stream().anyMatch(section -> section.name().equals("environment") && section.text().contains("LD_LIBRARY_PATH")
                || section.name().equals("post") && section.text().contains("ldconfig"));
        if (settled) {
            return;
        }
        definition.copied().stream().filter(copied -> copied.source().matches(".*\\.so[.\\w*]*") && copied.path().matches("/usr/local/lib(64)?(/[^/]*)?"))
                .findFirst().ifPresent(copied ->
                findings.add(Check.LDCONFIG, copied.place(), "%files copies libraries, and %post does not call ldconfig", INSTEAD));
        // What it installs may be a program alone, but then ldconfig costs nothing.
        for (Script script : definition.scripts()) {
            if (!script.name().equals("%post")) {
                continue;
            }
            boolean elsewhere = Pattern.compile("(--prefix|CMAKE_INSTALL_PREFIX|DESTDIR|PREFIX)[= ](?!/usr(/local)?/?\\s)").matcher(script.text()).find();
            script.commands().stream().filter(command -> !elsewhere && (command.is("make", "install") || command.is("ninja", "install")
                    || command.program().equals("cmake") && command.has("--install")))
                    .reduce((_, later) -> later).ifPresent(command -> findings.add(Check.LDCONFIG, script.place(command),
                            "%post installs what it built to /usr or /usr/local, and does not call ldconfig", INSTEAD));
        }
    }

    @Override
    public void image(ImageSubject image, Findings findings) throws IOException {
        Optional<Node> configuration = image.find("etc/ld.so.conf");
        if (!findings.wants(Check.LDCONFIG) || configuration.isEmpty()) {
            return;
        }
        Map<Node, Set<String>> cached = cached(image);
        Set<Node> looked = new HashSet<>(searched(image));
        for (String path : directories(image)) {
            if (OWN.matcher(path).matches() || !(image.find(path).orElse(null) instanceof Directory directory) || !looked.add(directory)) {
                continue;
            }
            Set<String> known = cached.getOrDefault(directory, Set.of());
            List<String> missing = missing(directory, known);
            if (!missing.isEmpty()) {
                findings.add(Check.LDCONFIG, image.place(path), "%s in it %s not in /etc/ld.so.cache: %s%s".formatted(missing.size() == 1 ? "A library"
                        : missing.size() + " libraries",
                        missing.size() == 1 ? "is" : "are", Findings.shown(String.join(", ", missing.stream().limit(MAX_NAMES).toList())),
                        missing.size() > MAX_NAMES ? "…" : ""), INSTEAD);
            }
        }
    }

    private static List<String> missing(Directory directory, Set<String> known) throws IOException {
        List<String> missing = new ArrayList<>();
        int looked = 0;
        for (Map.Entry<String, Node> child : directory.children().entrySet()) {
            Optional<String> stem = stem(child.getKey());
            // A name without version need not be the library's own, by which the cache has it.
            boolean unknown = stem.isPresent() && (child.getKey().endsWith(".so") ? known.isEmpty() : !known.contains(stem.get()));
            if (unknown && child.getValue() instanceof RegularFile file && ++looked < MAX_FILES && isElf(file)) {
                missing.add(ImageSubject.shown(child.getKey()).substring(1));
            }
        }
        return missing;
    }

    /** A library's name without its version. */
    private static Optional<String> stem(String name) {
        Matcher library = LIBRARY.matcher(name);
        return library.matches() ? Optional.of(library.group(1)) : Optional.empty();
    }

    private static boolean isElf(RegularFile file) throws IOException {
        if (file.content().size() < ELF.length) {
            return false;
        }
        try (InputStream in = file.content().open()) {
            return Arrays.equals(in.readNBytes(ELF.length), ELF);
        }
    }

    /** Directories that LD_LIBRARY_PATH names, in the configuration or in a script of the container. */
    private static Set<Node> searched(ImageSubject image) {
        List<String> values = new ArrayList<>(List.of(image.environment().getOrDefault("LD_LIBRARY_PATH", "")));
        image.scripts().stream().filter(script -> script.kind() != Kind.BUILD).flatMap(script -> script.commands().stream())
                .flatMap(command -> command.assignments().stream())
                .filter(word -> word.name().equals("LD_LIBRARY_PATH")).forEach(word -> values.add(word.value()));
        Set<Node> searched = new HashSet<>();
        for (String value : values) {
            for (String directory : value.split(":")) {
                image.find(directory).ifPresent(searched::add);
            }
        }
        return searched;
    }

    /** What {@code /etc/ld.so.conf} and the files that it includes name, relative to the root. */
    private static Set<String> directories(ImageSubject image) throws IOException {
        Set<String> directories = new LinkedHashSet<>();
        List<String> files = new ArrayList<>(List.of("etc/ld.so.conf"));
        for (int i = 0; i < files.size() && i < MAX_DIRECTORIES; i++) {
            for (String line : image.text(files.get(i)).orElse("").split("\n")) {
                String entry = line.replaceFirst("#.*", "").strip();
                if (entry.startsWith("include ")) {
                    included(image, entry.substring("include ".length()).strip(), files);
                } else if (entry.startsWith("/") && directories.size() < MAX_DIRECTORIES) {
                    directories.add(entry.replaceAll("^/+|/+$", ""));
                }
            }
        }
        return directories;
    }

    /** Wildcards stand in the names of files, as in {@code /etc/ld.so.conf.d/*.conf}. */
    private static void included(ImageSubject image, String pattern, List<String> files) {
        String path = pattern.startsWith("/") ? pattern.substring(1) : "etc/" + pattern;
        int slash = path.lastIndexOf('/');
        String directory = path.substring(0, Math.max(slash, 0));
        String[] parts = path.substring(slash + 1).split("\\*", -1);
        if (image.find(directory).orElse(null) instanceof Directory found) {
            for (String name : found.children().keySet()) {
                boolean included = parts.length == 1 ? name.equals(parts[0])
                        : name.startsWith(parts[0]) && name.endsWith(parts[parts.length - 1]) && name.length() >= parts[0].length()
                                + parts[parts.length - 1].length();
                String file = directory + "/" + name;
                if (included && !files.contains(file) && files.size() < MAX_DIRECTORIES) {
                    files.add(file);
                }
            }
        }
    }

    /**
     * The libraries of each directory that the cache knows, without their versions. Paths in the cache are text between bytes of NUL, whatever the
     * format's version; what else looks like one does no harm.
     */
    private static Map<Node, Set<String>> cached(ImageSubject image) throws IOException {
        if (!(image.find("etc/ld.so.cache").orElse(null) instanceof RegularFile file) || file.content().size() > MAX_CACHE) {
            return Map.of();
        }
        Map<String, Optional<Node>> directories = new HashMap<>();
        Map<Node, Set<String>> known = new IdentityHashMap<>();
        try (InputStream in = file.content().open()) {
            for (String path : new String(in.readNBytes(MAX_CACHE), StandardCharsets.ISO_8859_1).split("\0")) {
                int slash = path.lastIndexOf('/');
                Optional<String> stem = stem(path.substring(slash + 1));
                if (path.startsWith("/") && stem.isPresent()) {
                    directories.computeIfAbsent(path.substring(0, slash), image::find)
                            .ifPresent(directory -> known.computeIfAbsent(directory, _ -> new HashSet<>()).add(stem.get()));
                }
            }
        }
        return known;
    }
}
