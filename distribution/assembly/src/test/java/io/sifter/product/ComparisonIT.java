package io.sifter.product;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.product.Product.Result;
import io.sifter.spi.reference.Platform;
import io.sifter.testkit.Peers;
import io.sifter.testkit.TarLayer;
import io.sifter.testkit.registry.ScriptedRegistry;
import io.sifter.testkit.registry.TestImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The same command lines with Sifter and with Apptainer, on the same image: exit code, output and messages must be the same, or
 * differ for a reason that stands in DIFFERENCES.md. The lines are {@code actions/cases.tsv}: who; {@code same} or a heading of that
 * document; variables, or {@code -}; the words as a shell takes them, {@code x.sif} being the image.
 */
class ComparisonIT {
    /** What Apptainer says about itself, and what differs by name only. */
    private static final List<String> NOISE = List.of("is preferred", "Terminating squashfuse_ll", "Timeouts can be caused", "Cleanup error",
            "WARNING: skipping mount", "OLDPWD=", "Detected Singularity user configuration", "Killed ",
            "not found, will not be able to", "fakeroot command not found", "fusermount", "--unsquash option may work around");

    private static ScriptedRegistry registry;
    private static Product user;
    private static Product root;

    record Case(String who, String expected, String variables, String words) {
        static Case parse(String line) {
            String[] fields = line.split("\t", -1);
            assertThat(fields).as(line).hasSize(4);
            return new Case(fields[0], fields[1], fields[2], fields[3]);
        }

        @Override
        public String toString() {
            return "%s: %s%s".formatted(who, variables.equals("-") ? "" : variables + " ", words);
        }
    }

    /** What a program answered, without the difference in names. */
    private record Answer(int exit, String out, String err) {}

    @BeforeAll
    static void start() throws Exception {
        Peers.root();
        Path busybox = Path.of(Peers.program("busybox"));
        Peers.need(Peers.run(Peers.program("ldd"), busybox.toString()).exit() != 0, "busybox needs shared libraries");
        Peers.apptainer();
        user = Product.ordinary();
        root = Product.start();
        registry = ScriptedRegistry.start();
        registry.publish("lib/compare", "latest", image(busybox));
        for (Product product : List.of(user, root)) {
            product.run("pull", "x.sif", "docker://" + registry.host() + "/lib/compare").ok();
            product.shell("mkdir given over && echo word >word && printf 'A=1\\nB=\"two $HOSTVAR\"\\n' >vars && echo A=second >more").ok();
            Images.box(product);
            Peers.run("cp", "-r", product.work().resolve("box").toString(), product.work().resolve("foreign").toString()).ok();
            Images.drivers(product, busybox);
        }
        Result who = apptainer(user, "exec x.sif id -u");
        Peers.need(who.out().equals(user.shell("id -u").out()), "SIFTER_APPTAINER does not act as SIFTER_APPTAINER_AS says: " + who.err());
    }

    @AfterAll
    static void stop() throws IOException {
        for (AutoCloseable open : Stream.of(registry, user, root).filter(Objects::nonNull).toList()) {
            try {
                open.close();
            } catch (Exception e) {
                throw new IOException(e);
            }
        }
    }

    static TestImage image(Path busybox) throws Exception {
        TarLayer layer = TarLayer.with();
        for (String directory : List.of("bin", "etc", "tmp", "var/tmp", "usr/bin", "opt/dir", "root", "home", "proc", "sys", "dev", "scif/data/hello")) {
            layer.directory(directory);
        }
        layer.file("bin/busybox", Files.readAllBytes(busybox)).mode(0755);
        for (String name : Peers.run(busybox.toString(), "--list").ok().split("\n")) {
            if (!name.equals("busybox")) {
                layer.symlink("bin/" + name, "busybox");
            }
        }
        layer.file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:d:/:/bin/false\n").file("etc/group", "root:x:0:\nusers:x:100:\n")
                .file("etc/motd", "of the image\n").symlink("linked", "opt/dir")
                .file("scif/apps/hello/scif/runscript", "#!/bin/sh\necho app \"$SCIF_APPNAME\" \"$@\"\n").mode(0755)
                .file("scif/apps/hello/scif/env/90-environment.sh", "export HELLO=app\n").file("scif/apps/hello/bin/tool", "#!/bin/sh\n").mode(0755);
        return TestImage.with().platform("linux/" + Platform.host().architecture()).layer(layer.tar())
                .env("PATH=/usr/local/bin:/usr/bin:/bin:/opt/dir", "IMAGE_VAR=from image", "BOTH=image")
                .entrypoint("/bin/echo", "entry $HOME").command("c m d").build();
    }

    static Stream<Case> cases() throws IOException {
        Path table = Path.of("src/test/resources/actions/cases.tsv");
        List<Case> cases = new ArrayList<>();
        for (String line : Files.readAllLines(table)) {
            if (!line.isEmpty() && !line.startsWith("#")) {
                Case one = Case.parse(line);
                if (one.who().equals("both")) {
                    cases.add(new Case("root", one.expected(), one.variables(), one.words()));
                    cases.add(new Case("user", one.expected(), one.variables(), one.words()));
                } else {
                    cases.add(one);
                }
            }
        }
        return cases.stream();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void answersAsTheReference(Case one) throws Exception {
        Product product = one.who().equals("root") ? root : user;
        String prefix = one.variables().equals("-") ? "" : one.variables() + " ";
        Answer ours = answer(product.shell("unset SHLVL; export HOSTVAR=host; %ssingularity %s </dev/null".formatted(prefix, one.words())));
        Answer theirs = answer(apptainer(product, one.words(), "HOSTVAR=host", one.variables()));
        if (one.expected().equals("same")) {
            assertThat(ours).as(one.toString()).isEqualTo(theirs);
        } else {
            assertThat(Files.readAllLines(Path.of("DIFFERENCES.md"))).contains("## " + one.expected());
            assertThat(ours).as("%s: this is no difference any more", one).isNotEqualTo(theirs);
        }
    }

    /** Apptainer as the same user, in the same directory, with the same environment. */
    static Result apptainer(Product product, String words, String... variables) throws IOException, InterruptedException {
        Map<String, String> environment = new TreeMap<>(product.environment());
        for (String variable : variables) {
            for (String assignment : variable.equals("-") ? new String[0] : variable.split(" ")) {
                environment.put(assignment.substring(0, assignment.indexOf('=')), assignment.substring(assignment.indexOf('=') + 1).replaceAll("^'|'$", ""));
            }
        }
        if (product != root) {
            environment.put("SIFTER_APPTAINER_AS", product.shell("echo $(id -u):$(id -g)").ok().out().strip());
        }
        List<String> command = new ArrayList<>(List.of("env", "-i"));
        environment.forEach((name, value) -> command.add(name + "=" + value));
        command.addAll(List.of("bash", "-c", "unset SHLVL; \"$0\" %s </dev/null".formatted(words), Peers.apptainer()));
        Path err = Files.createTempFile("sifter-it", ".err");
        try {
            Process process = new ProcessBuilder(command).directory(product.work().toFile()).redirectError(err.toFile()).start();
            String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Result(words, process.waitFor(), out, Files.readString(err, StandardCharsets.UTF_8));
        } finally {
            Files.deleteIfExists(err);
        }
    }

    private static Answer answer(Result result) {
        String out = words(result.out());
        // The peers set every variable that describes the container under two names.
        return new Answer(result.exit(), out.contains("SINGULARITY_APPNAME=") ? String.join("\n", new TreeSet<>(out.lines().toList())) : out, words(result.err()));
    }

    private static String words(String text) {
        StringBuilder words = new StringBuilder();
        for (String line : text.replaceAll("\u001b\\[[0-9;]*m", "").lines().toList()) {
            String named = line.replace("APPTAINER", "SINGULARITY").replace("Apptainer", "Singularity").replace("apptainer", "singularity")
                    .replaceFirst("^(INFO|WARNING|FATAL|ERROR)\\s*:\\s+", "$1: ");
            if (!line.startsWith("         ") && !line.startsWith("_=") && NOISE.stream().noneMatch(named::contains)) {
                words.append(named).append('\n');
            }
        }
        return words.toString();
    }
}
