package io.sifter.agent.debootstrap;

import io.sifter.spi.Bootstrap;
import io.sifter.spi.BootstrapContext;
import io.sifter.spi.Header;
import io.sifter.spi.Programs;
import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Platform;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Lets debootstrap(8) make a root of Debian, Ubuntu and others of that kind. What packages own is given to many ids, so that one id is
 * not enough.
 */
public final class Debootstrap implements Bootstrap {
    /** Of no use in a container, as the reference implementations see it. */
    private static final List<String> LEFT_OUT = List.of("openssl", "udev", "debconf-i18n", "e2fsprogs");

    private final Programs programs;
    private final Map<String, String> environment;

    public Debootstrap(BootstrapContext context) {
        this.programs = context.programs();
        this.environment = Objects.requireNonNull(context.environment());
    }

    @Override
    public void make(Header header, Path root) throws IOException, InterruptedException {
        String mirror = header.require("MirrorURL");
        String suite = header.require("OSVersion");
        List<String> include = new ArrayList<>(List.of("apt"));
        for (String name : (header.find("Include").orElse("") + " " + environment.getOrDefault("INCLUDE", "")).split("[\\s,]+")) {
            if (!name.isEmpty()) {
                include.add(name);
            }
        }
        List<String> exclude = new ArrayList<>(LEFT_OUT);
        exclude.removeAll(include);
        Path program = programs.require("debootstrap", "Install debootstrap: most distributions have a package of that name.");
        if (programs.ids() == 1) {
            throw new UserException("debootstrap gives files to many users and groups, and here they can be given to nobody but you",
                    "Ask for subordinate ids (subuid(5)) and newuidmap, or be root.");
        }
        programs.succeed(root, List.of(program.toString(), "--variant=minbase", "--exclude=" + String.join(",", exclude),
                "--include=" + String.join(",", include), "--arch=" + architecture(Platform.host()), suite, root.toString(), mirror), variables());
    }

    /** In a container of this kind debootstrap does not insist on making devices itself, which root of a user namespace may not. */
    private Map<String, String> variables() {
        return programs.confined() ? Map.of("container", "lxc") : Map.of();
    }

    /** As Debian calls it. */
    static String architecture(Platform platform) {
        return switch (platform.architecture()) {
            case "386" -> "i386";
            case "arm" -> platform.variant().orElse("v7").equals("v7") ? "armhf" : "armel";
            case "ppc64le" -> "ppc64el";
            case "mips64le" -> "mips64el";
            default -> platform.architecture();
        };
    }
}
