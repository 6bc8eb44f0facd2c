package io.sifter.engine.build;

import io.sifter.engine.definition.Stage.Section;
import io.sifter.spi.event.Event;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * In a user namespace with one id, files cannot be given to anybody, and most of what installs packages gives up. Where fakeroot(1) is
 * installed, its library makes the programs of a script believe that they can; what it remembers ends with the script.
 */
final class FakedOwners implements AutoCloseable {
    private static final String LIBRARY = "libfakeroot-sysv.so";
    /** Where the library is in the image, for as long as the script runs. */
    private static final String INSIDE = ".fakeroot.so";

    private final RootDirectory root;
    private final Path library;
    private final Process server;
    private final String key;

    private FakedOwners(RootDirectory root, Path library, Process server, String key) {
        this.root = root;
        this.library = library;
        this.server = server;
        this.key = key;
    }

    /** Starts the server, if there is only one id and the host and the image have what it takes. */
    static Optional<FakedOwners> start(RootDirectory root, Consumer<Event> events) throws IOException {
        String[] map = Files.readString(Path.of("/proc/self/uid_map")).strip().split("\\s+");
        if (map.length != 3 || !map[2].equals("1")) {
            return Optional.empty();
        }
        Optional<Path> library = library();
        if (library.isEmpty()) {
            events.accept(Event.info("fakeroot command not found, so that %%%s can give files to nobody".formatted(Section.POST)));
            return Optional.empty();
        }
        if (!hasLoader(root)) {
            return Optional.empty();
        }
        Process server = new ProcessBuilder("setpriv", "--pdeathsig", "KILL", "--", "faked-sysv", "--foreground")
                .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        String line = new BufferedReader(new InputStreamReader(server.getInputStream(), StandardCharsets.US_ASCII)).readLine();
        if (line == null || !line.matches("\\d+:\\d+")) {
            server.destroyForcibly();
            events.accept(Event.warning("faked-sysv does not start, so that %%%s can give files to nobody".formatted(Section.POST)));
            return Optional.empty();
        }
        events.accept(Event.info("The %%%s section will be run under the fakeroot command".formatted(Section.POST)));
        root.write(INSIDE, "", 0644);
        return Optional.of(new FakedOwners(root, library.get(), server, line.substring(0, line.indexOf(':'))));
    }

    private static Optional<Path> library() throws IOException {
        for (String pattern : List.of("/usr/lib/*/libfakeroot", "/usr/lib64/libfakeroot", "/usr/lib/libfakeroot")) {
            for (String directory : Wildcards.expand(new RootDirectory(Path.of("/")), pattern)) {
                Path library = Path.of(directory, LIBRARY);
                if (Files.isReadable(library)) {
                    return Optional.of(library);
                }
            }
        }
        return Optional.empty();
    }

    /** Whether programs of the image can load a library of the host: they cannot where the C library is another. */
    private static boolean hasLoader(RootDirectory root) throws IOException {
        for (String directory : List.of("lib64", "lib")) {
            Path inside = root.inside(directory);
            if (Files.isDirectory(inside)) {
                try (DirectoryStream<Path> loaders = Files.newDirectoryStream(inside, "ld-linux*")) {
                    if (loaders.iterator().hasNext()) {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    /** What a script is started with. */
    Map<String, String> variables() {
        // Without the last it tries, and takes only one of the kernel's refusals for success.
        return Map.of("LD_PRELOAD", "/" + INSIDE, "FAKEROOTKEY", key, "FAKEROOTDONTTRYCHOWN", "1");
    }

    String mount() {
        return "type=bind,source=%s,destination=/%s".formatted(library, INSIDE);
    }

    @Override
    public void close() throws IOException {
        server.destroy();
        root.remove(INSIDE);
    }
}
