package io.sifter.agent.arch;

import io.sifter.spi.Bootstrap;
import io.sifter.spi.BootstrapContext;
import io.sifter.spi.Header;
import io.sifter.spi.Programs;
import io.sifter.spi.Web;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Platform;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Lets pacstrap(8) make a root of Arch Linux, and sets up the keys of its packages. */
public final class Pacstrap implements Bootstrap {
    /**
     * pacstrap gives up where it cannot mount what root of a user namespace may not; what it needs is there already. The last to be
     * hidden is what hides.
     */
    private static final String WITHOUT_MOUNTS = """
            mkdir -p "$0/proc" && mount --rbind /proc "$0/proc" || exit
            true=$1 mount=$(command -v mount) umount=$(command -v umount)
            mount --bind "$true" "$umount" && mount --bind "$true" "$mount" || exit
            shift
            exec "$@"
            """;
    /** What was fetched is of no use in an image. */
    private static final String FINISH = "rm -f /var/cache/pacman/pkg/* && pacman-key --init && pacman-key --populate archlinux";

    private final BootstrapContext context;

    public Pacstrap(BootstrapContext context) {
        this.context = Objects.requireNonNull(context);
    }

    @Override
    public void make(Header header, Path root) throws IOException, InterruptedException {
        if (!Platform.host().architecture().equals("amd64")) {
            throw new UserException("Arch Linux is for amd64, not for " + Platform.host().architecture(), "Build on such a machine.");
        }
        Programs programs = context.programs();
        Path program = programs.require("pacstrap", "Install the scripts for installing Arch Linux (arch-install-scripts) and pacman.");
        programs.require("pacman", "Install pacman.");
        List<String> command = new ArrayList<>();
        if (programs.confined()) {
            command.addAll(List.of("sh", "-c", WITHOUT_MOUNTS, root.toString(),
                    programs.require("true", "Install coreutils.").toString()));
        }
        command.add(program.toString());
        Path configuration = root.resolve(".pacman.conf");
        if (header.find("ConfURL").isPresent()) {
            Files.writeString(configuration, fetch(header.require("ConfURL")));
            command.addAll(List.of("-C", configuration.toString()));
        }
        command.addAll(List.of("-G", "-M", root.toString()));
        command.addAll(List.of(header.find("Include").orElse("base").split("\\s+")));
        programs.succeed(root, command, Map.of());
        programs.succeed(root, List.of("chroot", root.toString(), "/bin/sh", "-c", FINISH), Map.of());
        Files.deleteIfExists(configuration);
    }

    private String fetch(String address) throws IOException, InterruptedException {
        Web.Response response;
        try {
            response = context.web().send(Web.Request.get(new URI(address)));
        } catch (URISyntaxException | IllegalArgumentException e) {
            throw new UserException("ConfURL: %s is no web address".formatted(address), "Give the address of a pacman.conf, or leave the line out.", e);
        }
        if (!response.succeeded() || response.isWebPage()) {
            throw new ExternalException("%s is no pacman.conf: %s".formatted(address, response.isWebPage() ? "a web page" : "status " + response.status()),
                    "Correct ConfURL, or leave the line out: then the host's pacman.conf counts.");
        }
        return response.text();
    }
}
