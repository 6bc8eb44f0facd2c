package io.sifter.testkit.demo;

import io.sifter.spi.reference.Platform;
import io.sifter.testkit.TarLayer;
import io.sifter.testkit.registry.TestImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An image of two layers that runs on the machine where it was made: a shell and a few small programs with the libraries they
 * load, and above them a script that greets, which replaces one of the lower layer.
 */
public final class DemoImage {
    private static final List<String> PROGRAMS = List.of("sh", "cat", "ls", "id", "uname", "head", "sleep", "env", "true", "pwd");
    /** A line of {@code ldd}: {@code libc.so.6 => /lib/libc.so.6 (0x…)} or {@code /lib64/ld-linux.so.2 (0x…)}. */
    private static final Pattern LIBRARY = Pattern.compile("^\\s*(?:\\S+ => )?(/\\S+) \\(0x[0-9a-f]+\\)$");

    private DemoImage() {}

    /** @throws IOException if the machine lacks the programs, or their libraries cannot be told */
    public static TestImage make() throws IOException, InterruptedException {
        TarLayer base = TarLayer.with();
        Set<String> directories = new TreeSet<>(Set.of("bin", "etc", "tmp", "usr", "usr/games", "root", "home"));
        Set<Path> libraries = new LinkedHashSet<>();
        for (String program : PROGRAMS) {
            libraries.addAll(libraries(find(program)));
        }
        for (Path library : libraries) {
            for (Path parent = library.getParent(); parent.getNameCount() > 0; parent = parent.getParent()) {
                directories.add(parent.toString().substring(1));
            }
        }
        for (String directory : directories) {
            base.directory(directory).mode(directory.equals("tmp") ? 01777 : 0755);
        }
        for (String program : PROGRAMS) {
            base.file("bin/" + program, Files.readAllBytes(find(program))).mode(0755);
        }
        for (Path library : libraries) {
            base.file(library.toString().substring(1), Files.readAllBytes(library)).mode(0755);
        }
        base.file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
        base.file("etc/group", "root:x:0:\n");
        base.file("etc/os-release", "NAME=\"Sifter demo\"\nID=sifter-demo\n");
        base.file("usr/games/moo", "#!/bin/sh\necho 'an older moo, hidden by the layer above'\n").mode(0755);
        base.file("etc/secret", "deleted by the layer above\n");

        TarLayer top = TarLayer.with()
                .file("usr/games/moo", moo()).mode(0755)
                .whiteout("etc/secret");
        return TestImage.with()
                .platform("linux/" + Platform.host().architecture())
                .layer(base.tar()).layer(top.tar())
                .env("PATH=/usr/games:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C")
                .entrypoint("moo")
                .build();
    }

    private static String moo() {
        return """
                #!/bin/sh
                # Says what it is told.
                words="${*:-Moo. I am in a container.}"
                line=__
                while [ ${#line} -lt $((${#words} + 2)) ]; do line="${line}_"; done
                echo " $line"
                echo "< $words >"
                line=--
                while [ ${#line} -lt $((${#words} + 2)) ]; do line="$line-"; done
                echo " $line"
                echo '        \\   ^__^'
                echo '         \\  (oo)\\_______'
                echo '            (__)\\       )\\/\\'
                echo '                ||----w |'
                echo '                ||     ||'
                """;
    }

    private static Path find(String program) throws IOException {
        for (String directory : "/bin:/usr/bin:/sbin:/usr/sbin:/usr/local/bin".split(":")) {
            Path path = Path.of(directory, program);
            if (Files.isExecutable(path)) {
                return path.toRealPath();
            }
        }
        throw new IOException("This machine has no program '%s', of which the demo image is made".formatted(program));
    }

    private static Set<Path> libraries(Path program) throws IOException, InterruptedException {
        Process ldd = new ProcessBuilder("ldd", program.toString()).redirectErrorStream(true).start();
        String lines = new String(ldd.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        ldd.waitFor();
        Set<Path> libraries = new LinkedHashSet<>();
        for (String line : lines.lines().toList()) {
            Matcher matcher = LIBRARY.matcher(line);
            if (matcher.matches()) {
                libraries.add(Path.of(matcher.group(1)));
            }
        }
        return libraries;
    }
}
