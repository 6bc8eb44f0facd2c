package io.sifter.cli;

import io.sifter.cli.options.Values;
import io.sifter.engine.BuildOptions;
import io.sifter.engine.Profile;
import io.sifter.engine.SifterSettings;
import io.sifter.engine.SifterSettings.Login;
import io.sifter.spi.OpenOptions;
import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.tree.Compression;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** Turns the options that pull, build and actions share into what the engine takes. */
final class ImageOptions {
    /** Architectures in Go's words; other spellings of them are understood too. */
    private static final List<String> ARCHITECTURES = List.of("386", "amd64", "arm", "arm64", "loong64", "mips64", "mips64le",
            "ppc64", "ppc64le", "riscv64", "s390x");
    private static final int MOST_JOBS = 1024;

    private ImageOptions() {}

    /** Settings of the engine; asks for name and password if that is wanted. */
    static SifterSettings settings(Session session) throws IOException {
        Values values = session.values();
        Optional<Login> login = login(values);
        if (values.hasOption("docker-login") && values.flag("docker-login")) {
            Prompt prompt = session.prompt();
            login = Optional.of(new Login(prompt.ask("Enter Docker Username: "), prompt.askSecretly("Enter Docker Password: ")));
        }
        Map<String, String> environment = new HashMap<>(session.caller().environment());
        text(values, "docker-host").ifPresent(host -> environment.put("SINGULARITY_DOCKER_HOST", host));
        return new SifterSettings(session.caller().distribution(), List.of(), environment,
                session.invocation().program().text("config").map(Path::of), values.hasOption("disable-cache") && values.flag("disable-cache"), jobs(values), login,
                text(values, "authfile").map(Path::of), text(values, "tmpdir").map(Path::of), text(values, "library"));
    }

    /** Settings of the engine for commands that convert nothing. */
    static SifterSettings plainSettings(Session session) {
        return new SifterSettings(session.caller().distribution(), List.of(), session.caller().environment(),
                session.invocation().program().text("config").map(Path::of), false, OptionalInt.empty(), Optional.empty(),
                Optional.empty(), Optional.empty());
    }

    /** Settings of the engine for commands that look after logins. */
    static SifterSettings authSettings(Session session) {
        return new SifterSettings(session.caller().distribution(), List.of(), session.caller().environment(),
                session.invocation().program().text("config").map(Path::of), false, OptionalInt.empty(), Optional.empty(),
                session.values().hasOption("authfile") ? session.values().text("authfile").map(Path::of) : Optional.empty(), Optional.empty());
    }

    /** How an image is made; {@code force} is the caller's to decide. */
    static BuildOptions build(Values values, boolean force) throws UserException {
        return new BuildOptions(new OpenOptions(platform(values), values.flag("no-https")), compression(values),
                values.flag("all-root"), values.flag("fix-perms"), force);
    }

    /** Not every command that fetches knows every option. */
    private static Optional<String> text(Values values, String option) {
        return values.hasOption(option) ? values.text(option) : Optional.empty();
    }

    private static Optional<Login> login(Values values) {
        Optional<String> user = text(values, "docker-username");
        Optional<String> password = text(values, "docker-password");
        return user.isEmpty() && password.isEmpty() ? Optional.empty() : Optional.of(new Login(user.orElse(""), password.orElse("")));
    }

    static Platform platform(Values values) throws UserException {
        Optional<String> platform = values.text("platform");
        Optional<String> architecture = values.text("arch");
        Optional<String> variant = values.text("arch-variant");
        if (platform.isPresent()) {
            if (architecture.isPresent() || variant.isPresent()) {
                throw new UserException("--arch and --platform cannot be used together", "Name everything in --platform, such as linux/arm/v7.");
            }
            Platform wanted;
            try {
                wanted = Platform.parse(platform.get());
            } catch (IllegalArgumentException e) {
                throw new UserException(e.getMessage(), "Write it like linux/arm64 or linux/arm/v7.");
            }
            if (!wanted.os().equals("linux")) {
                throw new UserException("\"%s\" is not a valid platform OS for singularity".formatted(wanted.os()), "Write it like linux/arm64 or linux/arm/v7.");
            }
            return wanted;
        }
        if (architecture.isEmpty() && variant.isEmpty()) {
            return Platform.host();
        }
        Platform wanted = Platform.normalized("linux", architecture.orElse(Platform.host().architecture()), variant);
        if (!ARCHITECTURES.contains(wanted.architecture())) {
            throw new UserException("While processing the arch and arch variant: arch: %s is not valid, supported archs are: %s"
                    .formatted(architecture.get(), String.join(" ", ARCHITECTURES)), "Choose one of them.");
        }
        return wanted;
    }

    private static Optional<Compression> compression(Values values) throws UserException {
        Optional<String> profile = values.text("compression");
        Optional<String> blockSize = values.text("block-size");
        if (profile.isEmpty() && blockSize.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(Profile.parse(profile.orElse(Profile.COMPAT.toString())).compression(blockSize.isEmpty() ? 0 : bytes(blockSize.get())));
        } catch (IllegalArgumentException e) {
            throw new UserException(e.getMessage(), "See --compression and --block-size in the help of the command.");
        }
    }

    private static OptionalInt jobs(Values values) throws UserException {
        long jobs = values.hasOption("jobs") ? values.number("jobs").orElse(0) : 0;
        if (jobs < 0 || jobs > MOST_JOBS) {
            throw new UserException("--jobs is %d, it must be between 1 and %d".formatted(jobs, MOST_JOBS), "Leave it out to use all cores.");
        }
        return jobs == 0 ? OptionalInt.empty() : OptionalInt.of((int) jobs);
    }

    /** A size such as {@code 131072}, {@code 128K} or {@code 1M}. */
    static int bytes(String text) {
        String upper = text.toUpperCase(Locale.ROOT);
        int shift = upper.endsWith("K") ? 10 : upper.endsWith("M") ? 20 : 0;
        try {
            long number = Long.parseLong(shift == 0 ? upper : upper.substring(0, upper.length() - 1));
            long bytes = Math.multiplyExact(number, 1L << shift);
            return Math.toIntExact(bytes);
        } catch (ArithmeticException | NumberFormatException e) {
            throw new IllegalArgumentException("Not a size: '%s'".formatted(text), e);
        }
    }
}
