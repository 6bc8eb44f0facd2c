package io.sifter.engine.launch;

import io.sifter.spi.launch.RuntimeContext;
import io.sifter.spi.tree.RawName;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What belongs to the drivers of the host's GPUs, and therefore cannot be in an image.
 *
 * @param libraries by the names under which the loader finds them
 * @param programs by name
 * @param others that are looked for at one place only
 */
record GpuFiles(Map<String, Path> libraries, Map<String, Path> programs, Set<Path> others) {
    /** Bytes at the beginning of an ELF file that say what machine it is for. */
    private static final int HEADER = 20;

    /** Whether nothing was found. */
    boolean isEmpty() {
        return libraries.isEmpty() && programs.isEmpty() && others.isEmpty();
    }

    /**
     * Finds what a list names.
     *
     * @param list lines: beginnings of libraries' names, with {@code .so} in them, names of programs, and absolute paths
     * @param cache what {@code ldconfig -p} prints, raw
     * @param searchPath where programs are looked for
     * @param alike a program; libraries for other machines do not count
     */
    static GpuFiles find(List<String> list, String cache, List<Path> searchPath, Path alike) {
        Map<String, Path> libraries = new LinkedHashMap<>();
        Map<String, Path> programs = new LinkedHashMap<>();
        Set<Path> others = new LinkedHashSet<>();
        String machine = machine(alike);
        List<Library> known = parse(cache);
        for (String line : list) {
            String name = line.strip();
            if (name.isEmpty() || name.startsWith("#")) {
                continue;
            }
            if (!name.startsWith("/") && name.contains(".so")) {
                for (Library library : known) {
                    if (library.name().startsWith(name) && machine(library.path()).equals(machine)) {
                        // The first of a name is the one that the loader takes.
                        libraries.putIfAbsent(HostFiles.raw(library.path().getFileName()), library.path());
                    }
                }
            } else if (name.startsWith("/")) {
                Optional<Path> path = HostFiles.path(name).filter(Files::exists);
                if (path.isPresent() && name.contains(".so")) {
                    libraries.putIfAbsent(HostFiles.raw(path.get().getFileName()), path.get());
                } else {
                    path.ifPresent(others::add);
                }
            } else {
                RuntimeContext.program(name, searchPath).ifPresent(path -> programs.putIfAbsent(name, path));
            }
        }
        return new GpuFiles(libraries, programs, others);
    }

    private record Library(String name, Path path) {}

    private static List<Library> parse(String cache) {
        List<Library> libraries = new ArrayList<>();
        for (String line : cache.split("\n")) {
            int kind = line.indexOf(" (");
            int arrow = line.indexOf(" => ");
            if (kind > 0 && arrow > kind) {
                String name = line.substring(0, kind).strip();
                HostFiles.path(line.substring(arrow + 4)).filter(Path::isAbsolute).ifPresent(path -> libraries.add(new Library(name, path)));
            }
        }
        return libraries;
    }

    /** Class, byte order and machine of an ELF file, elf(5); empty for any other. */
    private static String machine(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            String header = RawName.of(in.readNBytes(HEADER));
            return header.length() == HEADER && header.startsWith("\u007fELF") ? header.substring(4, 6) + header.substring(18) : "";
        } catch (IOException closed) {
            return "";
        }
    }

    /** What {@code ldconfig -p} prints on this host, raw. */
    static String cache(List<Path> searchPath) throws IOException {
        Optional<Path> program = RuntimeContext.program("ldconfig", searchPath);
        if (program.isEmpty()) {
            throw new IOException("could not retrieve ld cache: 'ldconfig' is not in the search path");
        }
        Process process = new ProcessBuilder(program.get().toString(), "-p").redirectError(ProcessBuilder.Redirect.DISCARD)
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile())).start();
        byte[] answer = process.getInputStream().readAllBytes();
        try {
            int exit = process.waitFor();
            if (exit != 0) {
                throw new IOException("could not retrieve ld cache: could not execute ldconfig: exit status " + exit);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("could not retrieve ld cache: interrupted", e);
        }
        return RawName.of(answer);
    }

    /** The list of a site, or else the one that comes with this program. */
    static List<String> list(Gpu gpu, Path distribution) throws IOException {
        Path site = Path.of("/etc/sifter").resolve(gpu.list());
        Path file = Files.exists(site) ? site : distribution.resolve("etc").resolve(gpu.list());
        try {
            return List.of(Files.readString(file, StandardCharsets.ISO_8859_1).split("\n"));
        } catch (IOException e) {
            throw new IOException("could not read %s: %s".formatted(file, e.getMessage()), e);
        }
    }
}
