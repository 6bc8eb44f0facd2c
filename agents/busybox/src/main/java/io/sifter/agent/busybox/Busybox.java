package io.sifter.agent.busybox;

import io.sifter.spi.Bootstrap;
import io.sifter.spi.BootstrapContext;
import io.sifter.spi.Header;
import io.sifter.spi.Web.Request;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.UserException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Makes a root of one program, busybox, which is fetched and puts links to itself beside it. */
public final class Busybox implements Bootstrap {
    private static final byte[] ELF = {0x7f, 'E', 'L', 'F'};

    private final BootstrapContext context;

    public Busybox(BootstrapContext context) {
        this.context = Objects.requireNonNull(context);
    }

    @Override
    public void make(Header header, Path root) throws IOException, InterruptedException {
        Request request = request(header.require("MirrorURL"));
        fetch(request, directory(root, "bin").resolve("busybox"));
        Path etc = directory(root, "etc");
        write(etc.resolve("passwd"), "root:!:0:0:root:/root:/bin/sh\n");
        write(etc.resolve("group"), "root:x:0:\n");
        write(etc.resolve("hosts"), "127.0.0.1 localhost\n");
        // In the root, for a program of somebody else's has no business outside.
        context.programs().succeed(root, List.of("chroot", root.toString(), "/bin/busybox", "--install", "/bin"), Map.of());
    }

    private static Request request(String address) throws UserException {
        try {
            return Request.get(new URI(address));
        } catch (URISyntaxException | IllegalArgumentException e) {
            throw new UserException("MirrorURL: %s is no web address".formatted(address),
                    "Give the address of a busybox program for this machine, https://….", e);
        }
    }

    /** Open to everybody, whatever the umask. */
    private static Path directory(Path root, String name) throws IOException {
        return Files.setPosixFilePermissions(Files.createDirectory(root.resolve(name)), PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private static void write(Path file, String text) throws IOException {
        Files.setPosixFilePermissions(Files.writeString(file, text), PosixFilePermissions.fromString("rw-r--r--"));
    }

    private void fetch(Request request, Path program) throws IOException, InterruptedException {
        try (InputStream in = context.web().download(request).open(0)) {
            byte[] start = in.readNBytes(ELF.length);
            if (!Arrays.equals(start, ELF)) {
                throw new CorruptDataException("%s is no program of Linux".formatted(request.url()), "Look at it in a browser, and correct MirrorURL.");
            }
            try (var out = Files.newOutputStream(program)) {
                out.write(start);
                in.transferTo(out);
            }
        }
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
