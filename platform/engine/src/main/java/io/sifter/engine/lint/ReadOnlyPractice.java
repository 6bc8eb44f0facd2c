package io.sifter.engine.lint;

import io.sifter.engine.lint.Script.Kind;
import io.sifter.engine.lint.ShellCommand.Word;
import io.sifter.image.document.ImageConfig;
import io.sifter.image.document.Json;
import io.sifter.spi.error.CorruptDataException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Writing to the image while it runs. Signs: runscripts, environment scripts and entry programs that are shell scripts, where they write to a
 * directory of the system, or install packages; volumes that the configuration declares. A path that a variable gives is no sign, and neither is a
 * command whose failure the script expects ({@code || true}).
 */
final class ReadOnlyPractice implements Practice {
    private static final Pattern SYSTEM = Pattern.compile("/+(etc|usr|opt|var|srv|run|bin|sbin|lib|lib64|app)(/.*)?", Pattern.DOTALL);
    private static final Pattern WRITABLE = Pattern.compile("/+(var/+tmp|run/+user)(/.*)?", Pattern.DOTALL);
    private static final String INSTEAD = "Write below the working directory, $HOME or /tmp, or let users bind a directory there or give --writable-tmpfs.";

    @Override
    public void script(Script script, Findings findings) {
        if (script.kind() == Kind.BUILD) {
            return;
        }
        for (ShellCommand command : script.commands()) {
            if (command.optional()) {
                continue;
            }
            Optional<Word> written = command.changed().stream().filter(word -> SYSTEM.matcher(word.text()).matches()
                    && !WRITABLE.matcher(word.text()).matches()).findFirst();
            if (written.isPresent()) {
                findings.add(Check.READ_ONLY, script.place(written.get()), "%s writes to %s".formatted(script.name(),
                        Findings.shown(written.get().text())), INSTEAD);
            } else if (installs(command)) {
                findings.add(Check.READ_ONLY, script.place(command), "%s changes the system with %s".formatted(script.name(), command.program()),
                        "Do it while the image is built.");
            }
        }
    }

    private static boolean installs(ShellCommand command) {
        List<String> words = command.operands().stream().limit(1).map(Word::text).toList();
        return switch (command.program()) {
            case "apt-get", "apt", "yum", "dnf", "microdnf", "zypper" -> words.stream().anyMatch(Set.of("install", "update", "upgrade", "remove", "in",
                    "up")::contains);
            case "apk" -> words.stream().anyMatch(Set.of("add", "del", "update", "upgrade")::contains);
            case "pip", "pip3" -> words.contains("install") && !command.has("--user", "--target", "-t", "--prefix");
            case "useradd", "adduser", "groupadd", "addgroup", "usermod", "chpasswd", "update-alternatives" -> true;
            case "ldconfig" -> command.arguments().isEmpty();
            default -> false;
        };
    }

    @Override
    public void image(ImageSubject image, Findings findings) {
        image.config().map(ImageConfig::ociConfig).map(ReadOnlyPractice::volumes).filter(volumes -> !volumes.isEmpty()).ifPresent(volumes ->
                findings.add(Check.READ_ONLY, new Place.InConfiguration("Volumes"),
                        "The image wants to write to %s".formatted(Findings.shown(String.join(", ", volumes))),
                        "Let users bind directories there: --bind DIRECTORY:%s.".formatted(Findings.shown(volumes.getFirst()))));
    }

    private static List<String> volumes(byte[] config) {
        try {
            return Json.parse(config, "configuration") instanceof Map<?, ?> members && members.get("Volumes") instanceof Map<?, ?> volumes
                    ? volumes.keySet().stream().map(String::valueOf).filter(path -> !path.matches("/+(tmp|var/+tmp|home|root)(/.*)?")).sorted().toList()
                            : List.of();
        } catch (CorruptDataException impossible) {
            throw new IllegalStateException("Written by ourselves", impossible);
        }
    }
}
