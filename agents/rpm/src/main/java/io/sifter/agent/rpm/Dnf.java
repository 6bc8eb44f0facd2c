package io.sifter.agent.rpm;

import io.sifter.spi.Bootstrap;
import io.sifter.spi.BootstrapContext;
import io.sifter.spi.Header;
import io.sifter.spi.Programs;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.event.Event;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** Lets dnf(8), or yum(8) where that is missing, install packages into a root; both serve both names, as with the reference implementations. */
public final class Dnf implements Bootstrap {
    private static final String CACHE = "var/cache/yum-bootstrap";
    private static final List<String> ALWAYS = List.of("/etc/redhat-release", "coreutils");

    private final BootstrapContext context;

    public Dnf(BootstrapContext context) {
        this.context = Objects.requireNonNull(context);
    }

    @Override
    public void make(Header header, Path root) throws IOException, InterruptedException {
        header.require("MirrorURL");
        String mirror = Mirror.find(header, "MirrorURL").orElseThrow();
        Optional<String> updates = Mirror.find(header, "UpdateURL");
        Programs programs = context.programs();
        Path program = programs.find("dnf").or(() -> programs.find("yum")).orElseThrow(
                () -> new ExternalException("neither yum nor dnf in PATH", "Install dnf: most distributions, also of other packages, have it."));
        Path rpm = programs.require("rpm", "Install rpm.");
        Optional<String> key = key();
        try (RpmRoot target = RpmRoot.open(root, programs)) {
            Path configuration = target.write("etc/bootstrap-yum.conf", configuration(mirror, updates, key.isPresent()));
            if (key.isPresent()) {
                programs.require("curl", "Install curl, with which rpm fetches keys.");
                target.succeed(List.of(rpm.toString(), "--root", root.toString(), "--initdb"));
                target.succeed(List.of(rpm.toString(), "--root", root.toString(), "--import", key.get()));
            } else {
                context.events().accept(Event.info("Skipping GPG Key Import"));
            }
            List<String> command = new ArrayList<>(List.of(program.toString(), "--noplugins", "-c", configuration.toString(), "--installroot", root.toString()));
            header.find("OSVersion").ifPresent(version -> command.add("--releasever=" + version));
            command.add("-y");
            header.find("Setopt").ifPresent(option -> command.addAll(List.of("--setopt", option)));
            command.add("install");
            command.addAll(Mirror.packages(ALWAYS, header, context.environment()));
            target.succeed(command);
            target.remove(CACHE);
        }
    }

    /** With which packages are signed; without one, signatures do not count. */
    private Optional<String> key() throws UserException {
        String key = context.environment().getOrDefault("GPG", "");
        if (!key.isEmpty() && !key.startsWith("https://")) {
            throw new UserException("gpg key must be fetched with https: " + key, "Correct or unset the variable GPG.");
        }
        return Optional.of(key).filter(address -> !address.isEmpty());
    }

    private static String configuration(String mirror, Optional<String> updates, boolean signed) {
        String check = "gpgcheck=%d\n".formatted(signed ? 1 : 0);
        String text = "[main]\ncachedir=/%s\nkeepcache=0\nlogfile=/var/log/yum.log\n".formatted(CACHE) + check
                // Without this, the host's own repositories count.
                + "reposdir=/dev/null\n"
                + "\n[base]\nname=Linux $releasever - $basearch\nbaseurl=%s\nenabled=1\n".formatted(mirror) + check;
        return text + updates.map(address -> "\n[updates]\nname=Linux $releasever - $basearch updates\nbaseurl=%s\nenabled=1\n".formatted(address) + check)
                .orElse("");
    }
}
