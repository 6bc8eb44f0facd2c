package io.sifter.agent.rpm;

import io.sifter.spi.Bootstrap;
import io.sifter.spi.BootstrapContext;
import io.sifter.spi.Header;
import io.sifter.spi.Programs;
import io.sifter.spi.error.UserException;
import io.sifter.spi.event.Event;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** Lets zypper(8) install packages into a root, as for openSUSE. Products that must be registered are refused. */
public final class Zypper implements Bootstrap {
    /** The packages are there, some of their scripts failed. */
    private static final int SCRIPTS_FAILED = 107;
    private static final List<String> REGISTERED = List.of("Product", "User", "Regcode", "ProductPGP", "RegisterURL", "Modules");
    private static final String OTHER = "otherurl";

    private final BootstrapContext context;

    public Zypper(BootstrapContext context) {
        this.context = Objects.requireNonNull(context);
    }

    @Override
    public void make(Header header, Path root) throws IOException, InterruptedException {
        for (String key : REGISTERED) {
            if (header.find(key).isPresent()) {
                throw new UserException("zypper: %s belongs to products that are registered with SUSE, which this version does not do".formatted(key),
                        "Build upon an image of SUSE's registry, such as Bootstrap: docker, From: registry.suse.com/bci/bci-base.");
            }
        }
        header.require("MirrorURL");
        String mirror = Mirror.find(header, "MirrorURL").orElseThrow();
        Optional<String> updates = Mirror.find(header, "UpdateURL");
        Programs programs = context.programs();
        Path program = programs.require("zypper", "Install zypper: distributions of other packages have it, too.");
        programs.require("rpm", "Install rpm.");
        List<String> command = List.of(program.toString(), "--non-interactive", "--root", root.toString());
        try (RpmRoot target = RpmRoot.open(root, programs)) {
            target.write("etc/zypp/zypp.conf", "[main]\n");
            target.succeed(with(command, "ar", mirror, "repo"));
            target.succeed(with(command, "--gpg-auto-import-keys", "refresh"));
            if (updates.isPresent()) {
                add(target, command, updates.get(), "update");
            }
            for (String key : others(header)) {
                add(target, command, Mirror.find(header, key).orElseThrow(), "repo-" + key.substring(OTHER.length()));
            }
            List<String> install = new ArrayList<>(command);
            install.addAll(1, List.of("-c", root.resolve("etc/zypp/zypp.conf").toString()));
            header.find("OSVersion").ifPresent(version -> install.add("--releasever=" + version));
            install.addAll(List.of("install", "--auto-agree-with-licenses", "--download-in-advance"));
            install.addAll(Mirror.packages(List.of("aaa_base"), header, context.environment()));
            int exit = target.run(install);
            if (exit == SCRIPTS_FAILED) {
                context.events().accept(Event.warning("Bootstrap succeeded, some RPM scripts failed"));
            } else if (exit != 0) {
                throw programs.failed(install, exit);
            }
            target.remove("var/cache/zypp");
        }
    }

    private static void add(RpmRoot target, List<String> command, String address, String name) throws IOException, InterruptedException {
        target.succeed(with(command, "ar", "-f", address, name));
        target.succeed(with(command, "--gpg-auto-import-keys", "refresh", "-r", name));
    }

    private static List<String> with(List<String> command, String... more) {
        List<String> words = new ArrayList<>(command);
        words.addAll(List.of(more));
        return words;
    }

    /** Keys of further repositories, by number. */
    private static List<String> others(Header header) {
        return header.values().keySet().stream().filter(key -> key.matches(OTHER + "\\d{1,9}"))
                .sorted(Comparator.comparingInt(key -> Integer.parseInt(key.substring(OTHER.length())))).toList();
    }
}
