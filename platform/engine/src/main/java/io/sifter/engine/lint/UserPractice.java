package io.sifter.engine.lint;

import io.sifter.engine.lint.Script.Kind;
import io.sifter.image.document.ImageConfig;
import io.sifter.spi.tree.Attributes;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.Node;
import io.sifter.spi.tree.RawName;
import io.sifter.spi.tree.RegularFile;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * USER and rights. Signs: a configuration with a USER that is not root; software that only its owner may look into; an entry program that relies on
 * set-uid bits or file capabilities; scripts that call {@code sudo} or change users. Programs with set-uid bits alone are no sign, since every
 * distribution has them, and neither are scripts that ask first whether they run as root.
 */
final class UserPractice implements Practice {
    private static final Pattern ROOT = Pattern.compile("(root|0)(:(root|0))?");
    private static final Set<String> CHANGERS = Set.of("su", "gosu", "su-exec", "runuser", "setpriv", "chpst", "setuidgid", "s6-setuidgid");
    private static final Pattern ASKS = Pattern.compile("\\bid -u|\\bwhoami\\b|\\$\\{?E?UID\\b");
    /** What systems have at the top; software of the image's own stands elsewhere. */
    private static final Set<String> SYSTEM = Set.of("bin", "boot", "dev", "etc", "home", "lib", "lib32", "lib64", "libx32", "lost+found", "media",
            "mnt", "opt", "proc", "root", "run", "sbin", "srv", "sys", "tmp", "usr", "var", "afs");
    private static final int OTHERS_LOOK = 05;

    @Override
    public void script(Script script, Findings findings) {
        boolean asks = ASKS.matcher(script.text()).find();
        for (ShellCommand command : script.commands()) {
            if (command.wrappers().contains("sudo")) {
                findings.add(Check.USER, script.place(command), "%s calls sudo".formatted(script.name()), script.kind() == Kind.BUILD
                        ? "Leave sudo out: what builds an image is root in it already." : "Leave sudo out: nobody becomes root in a container.");
            } else if (script.kind() != Kind.BUILD && !asks && CHANGERS.contains(command.program())) {
                findings.add(Check.USER, script.place(command), "%s changes the user with %s".formatted(script.name(), command.program()),
                        "Run the program as whoever starts the container; grant what it needs with 'singularity capability'.");
            }
        }
    }

    @Override
    public void image(ImageSubject image, Findings findings) {
        Optional<String> user = image.config().flatMap(ImageConfig::user).filter(name -> !ROOT.matcher(name).matches());
        user.ifPresent(name -> findings.add(Check.USER, new Place.InConfiguration("User"), "USER is %s, which has no effect".formatted(Findings.shown(name)),
                "Let files be readable for everybody, and leave USER out."));
        closed(image, findings);
        image.program().ifPresent(path -> {
            if (image.find(path).orElse(null) instanceof RegularFile file) {
                program(image, path, file.attributes(), findings);
            }
        });
    }

    private static void program(ImageSubject image, String path, Attributes attributes, Findings findings) {
        if ((attributes.mode() & 06000) != 0 || attributes.xattrs().containsKey("security.capability")) {
            findings.add(Check.USER, image.place(path), "The program that the image starts relies on %s".formatted(
                    (attributes.mode() & 06000) != 0 ? "its set-uid or set-gid bit" : "file capabilities"),
                            "Make it work without; in a container it gains nothing by them.");
        } else if ((attributes.mode() & 01) == 0) {
            findings.add(Check.USER, image.place(path), "The program that the image starts may not be executed by others than its owner",
                    "Let everybody execute it: chmod a+rx.");
        }
    }

    /** Directories of the image's own that most users cannot look into. */
    private static void closed(ImageSubject image, Findings findings) {
        List<String> paths = new ArrayList<>();
        for (Map.Entry<String, Node> child : image.root().children().entrySet()) {
            if (!SYSTEM.contains(child.getKey()) && !child.getKey().startsWith(".")) {
                paths.add(child.getKey());
            }
        }
        if (image.find("opt").orElse(null) instanceof Directory opt) {
            opt.children().keySet().forEach(name -> paths.add("opt/" + name));
        }
        image.config().flatMap(ImageConfig::workingDirectory).map(path -> RawName.of(path).replaceAll("^/+|/+$", "")).filter(path -> !path.isEmpty()
                && !path.startsWith("root")
                && !paths.contains(path)).ifPresent(paths::add);
        for (String path : paths) {
            if (image.find(path).orElse(null) instanceof Directory directory && !directory.children().isEmpty()
                    && (directory.attributes().mode() & OTHERS_LOOK) != OTHERS_LOOK) {
                findings.add(Check.USER, image.place(path),
                        "Only its owner and group may look into the directory (mode %o)".formatted(directory.attributes().mode()),
                        "Open it to everybody: chmod -R a+rX.");
            }
        }
    }
}
