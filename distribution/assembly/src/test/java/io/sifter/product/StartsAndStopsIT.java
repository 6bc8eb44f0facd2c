package io.sifter.product;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.testkit.Peers;
import io.sifter.testkit.registry.ScriptedRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Containers start and stop, in the foreground and in the background, some killed at random moments (whose seed is printed and can be
 * given as {@code SIFTER_FAULT_SEED}), {@code SIFTER_START_ROUNDS} times. Afterwards there are no mounts, loop devices, processes, control
 * groups or files more than before.
 */
class StartsAndStopsIT {
    private enum User { ROOT, ORDINARY }

    private static final long SEED = Long.parseLong(System.getenv().getOrDefault("SIFTER_FAULT_SEED", String.valueOf(System.nanoTime())));
    private static final int ROUNDS = Integer.parseInt(System.getenv().getOrDefault("SIFTER_START_ROUNDS", "5"));
    private static final List<List<String>> OPTIONS = List.of(List.of(), List.of("--contain"), List.of("--containall"), List.of("--writable-tmpfs"),
            List.of("--unsquash"), List.of("--fakeroot"));

    private final Random random = new Random(SEED);
    private Product product;

    @ParameterizedTest
    @EnumSource
    void leaveNothing(User user) throws Exception {
        if (user == User.ROOT) {
            Peers.root();
        }
        System.out.println("SIFTER_FAULT_SEED=" + SEED);
        try (ScriptedRegistry registry = ScriptedRegistry.start(); Product made = user == User.ROOT ? Product.start() : Product.ordinary()) {
            product = made;
            registry.publish("lib/lolcow", "latest", Images.lolcow());
            product.run("pull", "x.sif", "docker://" + registry.host() + "/lib/lolcow").ok();
            long start = System.nanoTime();
            product.run("exec", "x.sif", "true").ok();
            long usual = (System.nanoTime() - start) / 1_000_000;
            for (int round = 0; round < ROUNDS; round++) {
                // Root appears as root without being asked.
                List<String> options = OPTIONS.get(random.nextInt(OPTIONS.size() - (user == User.ROOT ? 1 : 0)));
                switch (random.nextInt(5)) {
                    case 0 -> assertThat(product.run(words(List.of("exec"), options, "x.sif", "sh", "-c", "exit 3")).exit()).isEqualTo(3);
                    case 1 -> killed(words(List.of("exec"), options, "x.sif", "sleep", "60"), usual * 2, random.nextBoolean() ? "KILL" : "TERM");
                    case 2 -> {
                        product.run(words(List.of("instance", "start"), options, "x.sif", "i" + round)).ok();
                        assertThat(product.run("exec", "instance://i" + round, "sh", "-c", "echo here").ok().out()).isEqualTo("here\n");
                        product.run("instance", "stop", "i" + round).ok();
                    }
                    case 3 -> {
                        product.run(words(List.of("instance", "run"), options, "x.sif", "i" + round)).ok();
                        killInstance(product.run("instance", "list", "--json").ok().out());
                    }
                    default -> {
                        killed(words(List.of("instance", "start"), options, "x.sif", "i" + round), usual * 2, "KILL");
                        product.run("instance", "stop", "--force", "--all");
                    }
                }
            }
            // The last start and the last look tidy up what was killed together with those who would have.
            product.run("instance", "stop", "--force", "--all");
            product.run("exec", "--unsquash", "x.sif", "true").ok();
            product.run("exec", "x.sif", "true").ok();
            product.run("instance", "list").ok();
            for (int i = 0; i < 200 && !left().isEmpty(); i++) {
                Thread.sleep(50);
            }
            assertThat(left()).isEmpty();
        }
    }

    private static String[] words(List<String> command, List<String> options, String... rest) {
        return Stream.of(command, options, List.of(rest)).flatMap(List::stream).toArray(String[]::new);
    }

    private void killed(String[] words, long within, String signal) throws IOException, InterruptedException {
        Process process = product.begin(words);
        Thread.sleep(random.nextLong(within));
        if (process.isAlive()) {
            Peers.run("kill", "-" + signal, Long.toString(process.pid()));
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("end of %s", List.of(words)).isTrue();
        }
    }

    private void killInstance(String json) throws IOException, InterruptedException {
        String pid = json.lines().filter(line -> line.contains("\"pid\"")).findFirst().orElseThrow().replaceAll("[^0-9]", "");
        Peers.run("kill", "-9", pid).ok();
    }

    private List<String> left() throws IOException {
        String root = product.root().toString();
        List<String> left = new ArrayList<>(Product.names(product.temporary()));
        Files.readAllLines(Path.of("/proc/self/mounts")).stream().filter(line -> line.contains(root)).forEach(left::add);
        try (DirectoryStream<Path> loops = Files.newDirectoryStream(Path.of("/sys/block"), "loop*")) {
            for (Path loop : loops) {
                if (text(loop.resolve("loop/backing_file")).startsWith(root)) {
                    left.add(loop.toString());
                }
            }
        }
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : processes) {
                String command = text(process.resolve("cmdline"));
                boolean ours = !process.getFileName().toString().equals(Long.toString(ProcessHandle.current().pid()));
                if (ours && (command.contains(root) || text(process.resolve("environ")).contains(root))) {
                    left.add(process + ": " + command.replace('\0', ' '));
                }
            }
        }
        Map<String, Path> directories = Map.of("instance", product.home().resolve(".singularity/instances/sifter"), "group", Path.of("/sys/fs/cgroup/unified/sifter"),
                "control group", Path.of("/sys/fs/cgroup/sifter"));
        for (Map.Entry<String, Path> directory : directories.entrySet()) {
            if (Files.isDirectory(directory.getValue())) {
                try (Stream<Path> files = Files.walk(directory.getValue())) {
                    String name = directory.getKey().equals("instance") ? ".*\\.instance.*" : "sifter-[0-9]+";
                    files.filter(file -> file.getFileName().toString().matches(name)).filter(file -> !runs(file))
                            .forEach(file -> left.add(directory.getKey() + " " + file));
                }
            }
        }
        return left;
    }

    /** Whether a control group belongs to somebody else's container that runs. */
    private static boolean runs(Path group) {
        return text(group.resolve("cgroup.events")).contains("populated 1");
    }

    private static String text(Path file) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException goneOrClosed) {
            return "";
        }
    }
}
