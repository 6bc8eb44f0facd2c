package io.sifter.product;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.sifter.testkit.Peers;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The product with a home of its own below {@code /tmp}: starts its programs as a user would, with nothing of this process's
 * environment. Closing it deletes the home. Everything that the product reads or writes
 * by default lies in {@link #root()}.
 */
final class Product implements AutoCloseable {
    private static final long SECONDS = Long.getLong("sifter.test.seconds", 180);

    /** What a program answered. */
    record Result(String command, int exit, String out, String err) {
        /** Fails the test unless the program succeeded. */
        Result ok() {
            if (exit != 0) {
                fail("%s ended with %d%n%s%s".formatted(command, exit, out, err));
            }
            return this;
        }

        /** Fails the test unless the program failed as commands do, with this message and something to do next. */
        Result failed(String... words) {
            assertThat(exit).as("%s%n%s%s", command, out, err).isEqualTo(255);
            assertThat(err).as(command).contains("FATAL:   ").doesNotContain("defect of the program", "\tat ");
            for (String word : words) {
                assertThat(err).as(command).containsIgnoringCase(word);
            }
            assertThat(nextStep()).as("next step of: %s", err).isNotBlank();
            return this;
        }

        /** The lines below the message, or the message's own last sentence where the reference says it there. */
        String nextStep() {
            String below = String.join("\n", err.lines().filter(line -> line.startsWith("         ")).map(String::strip).toList());
            return below.isEmpty() && err.contains(". Use --force") ? "Use --force" : below;
        }
    }

    private final Path root;
    private final List<String> prefix;
    private final Path distribution;
    private final Map<String, String> environment = new TreeMap<>();

    private Product(List<String> prefix, Path distribution, String owner) throws IOException, InterruptedException {
        this.prefix = prefix;
        this.distribution = distribution;
        this.root = Files.createTempDirectory(Path.of("/tmp"), "sifter-it-");
        for (String name : List.of("home", "tmp", "work")) {
            Files.createDirectory(root.resolve(name));
        }
        own(root, owner);
        environment.put("HOME", home().toString());
        environment.put("USER", owner.isEmpty() ? System.getProperty("user.name") : owner);
        environment.put("TMPDIR", temporary().toString());
        environment.put("PATH", distribution.resolve("bin") + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        environment.put("LANG", "C.UTF-8");
        environment.put("TERM", "dumb");
    }

    /** Acts as the user who runs the tests. */
    static Product start() throws IOException, InterruptedException {
        return new Product(List.of(), built(), "");
    }

    /** Acts as an ordinary user: of root's tests as another one, who is made where missing. */
    static Product ordinary() throws IOException, InterruptedException {
        if (!root("/proc/self")) {
            return start();
        }
        String user = Peers.user();
        String uid = Peers.run("id", "-u", user).ok().strip();
        String gid = Peers.run("id", "-g", user).ok().strip();
        List<String> prefix = List.of(Peers.program("setpriv"), "--reuid", uid, "--regid", gid, "--init-groups", "--inh-caps=-all");
        return new Product(prefix, readable(prefix), user);
    }

    static boolean isRoot() throws IOException {
        return root("/proc/self");
    }

    private static boolean root(String process) throws IOException {
        return (Integer) Files.getAttribute(Path.of(process), "unix:uid") == 0;
    }

    /** The directory that {@code package} made. */
    static Path built() {
        Path built = Path.of(System.getProperty("sifter.product", "target/sifter")).toAbsolutePath().normalize();
        assertThat(built.resolve("bin/singularity")).as("the product, made by mvn package").isExecutable();
        return built;
    }

    /** A copy where the checkout is closed to others. */
    private static Path readable(List<String> prefix) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(prefix);
        command.addAll(List.of("test", "-r", built().resolve("bin/singularity").toString(), "-a", "-r", built().resolve("lib").toString()));
        if (Peers.run(command.toArray(String[]::new)).exit() == 0) {
            return built();
        }
        return Copy.PLACE;
    }

    private static final class Copy {
        private static final Path PLACE = make();

        private static Path make() {
            try {
                Path place = Files.createTempDirectory(Path.of("/tmp"), "sifter-product-");
                Peers.run("cp", "-a", built() + "/.", place.toString()).ok();
                Peers.run("chmod", "-R", "a+rX", place.toString()).ok();
                Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                    try {
                        Peers.run("rm", "-rf", place.toString());
                    } catch (IOException | InterruptedException e) {
                        // Whoever empties /tmp removes it.
                    }
                }));
                return place;
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private static void own(Path path, String owner) throws IOException, InterruptedException {
        if (!owner.isEmpty()) {
            Peers.run("chown", "-R", owner + ":", path.toString()).ok();
        }
    }

    /** Gives a file or directory made by the test to the user whom the product acts as. */
    Path give(Path path) throws IOException, InterruptedException {
        own(path, prefix.isEmpty() ? "" : Peers.USER);
        return path;
    }

    Path root() {
        return root;
    }

    Path home() {
        return root.resolve("home");
    }

    /** Where commands are run. */
    Path work() {
        return root.resolve("work");
    }

    Path temporary() {
        return root.resolve("tmp");
    }

    Path cache() {
        String parent = environment.get("SINGULARITY_CACHEDIR");
        return (parent == null ? home().resolve(".singularity") : Path.of(parent)).resolve("cache");
    }

    Path distribution() {
        return distribution;
    }

    /** Of its commands, complete. */
    Map<String, String> environment() {
        return environment;
    }

    Product with(String variable, String value) {
        environment.put(variable, value);
        return this;
    }

    Product without(String variable) {
        environment.remove(variable);
        return this;
    }

    /** {@code singularity WORDS…}, in {@link #work()}. */
    Result run(String... words) throws IOException, InterruptedException {
        return runIn(work(), words);
    }

    Result runIn(Path directory, String... words) throws IOException, InterruptedException {
        return execute(directory, "", singularity(words));
    }

    /** The same with this on standard input, which is no terminal. */
    Result runWith(String input, String... words) throws IOException, InterruptedException {
        return execute(work(), input, singularity(words));
    }

    /**
     * {@code singularity WORDS…} of this ordinary user, who has subordinate ids for as long as it runs.
     *
     * @param root acts as the user who runs the tests
     */
    Result runWithSubordinateIds(Product root, String... words) throws IOException, InterruptedException {
        Path ids = give(Files.writeString(this.root.resolve("ids"), Peers.USER + ":200000:65536\n"));
        List<String> command = new ArrayList<>(List.of("unshare", "--mount", "sh", "-c",
                "mount --bind '%s' /etc/subuid && mount --bind '%1$s' /etc/subgid && cd '%s' && exec \"$@\"".formatted(ids, work()), "sh"));
        command.addAll(prefix);
        command.addAll(List.of("env", "-i"));
        environment.forEach((name, value) -> command.add(name + "=" + value));
        command.addAll(singularity(words));
        return root.execute(root.work(), "", command);
    }

    private static List<String> singularity(String... words) {
        List<String> command = new ArrayList<>(List.of("singularity"));
        command.addAll(List.of(words));
        return command;
    }

    /** Any command line, by a shell in {@link #work()}. */
    Result shell(String line) throws IOException, InterruptedException {
        return execute(work(), "", List.of("bash", "-c", line));
    }

    Result execute(Path directory, String input, List<String> command) throws IOException, InterruptedException {
        Path err = Files.createTempFile("sifter-it", ".err");
        try {
            Process process = begin(directory, command, ProcessBuilder.Redirect.to(err.toFile()));
            Thread.ofVirtual().start(() -> {
                try (OutputStream in = process.getOutputStream()) {
                    in.write(input.getBytes(StandardCharsets.UTF_8));
                } catch (IOException e) {
                    // The program did not want it.
                }
            });
            Thread watch = watch(process);
            String out;
            try (InputStream in = process.getInputStream()) {
                out = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            }
            int exit = process.waitFor();
            watch.interrupt();
            return new Result(String.join(" ", command), exit, out, Files.readString(err, StandardCharsets.ISO_8859_1));
        } finally {
            Files.deleteIfExists(err);
        }
    }

    /** Starts {@code singularity WORDS…} without waiting; its output is thrown away. */
    Process begin(String... words) throws IOException {
        List<String> command = singularity(words);
        return begin(work(), command, ProcessBuilder.Redirect.DISCARD);
    }

    Process begin(Path directory, List<String> command, ProcessBuilder.Redirect err) throws IOException {
        List<String> whole = new ArrayList<>(prefix);
        whole.addAll(List.of("env", "-i"));
        environment.forEach((name, value) -> whole.add(name + "=" + value));
        whole.addAll(command);
        return new ProcessBuilder(whole).directory(directory.toFile()).redirectError(err).start();
    }

    private static Thread watch(Process process) {
        return Thread.ofVirtual().start(() -> {
            try {
                if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
                    process.descendants().forEach(ProcessHandle::destroyForcibly);
                    process.destroyForcibly();
                }
            } catch (InterruptedException e) {
                // It ended in time.
            }
        });
    }

    /** Names in {@link #work()}. */
    List<String> worked() throws IOException {
        return names(work());
    }

    static List<String> names(Path directory) throws IOException {
        if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    /** Something that comes true while a command runs. */
    interface Condition {
        boolean met() throws IOException;
    }

    static void await(Condition condition) throws IOException, InterruptedException {
        for (long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS); !condition.met(); Thread.sleep(10)) {
            assertThat(System.nanoTime()).as("time").isLessThan(deadline);
        }
    }

    /** Signals every process of a command, the JVM whatever started it, and waits for the end. */
    static void kill(Process process, String signal) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of("kill", "-" + signal, String.valueOf(process.pid())));
        process.descendants().forEach(descendant -> words.add(String.valueOf(descendant.pid())));
        Peers.run(words.toArray(String[]::new));
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).as("end of the process").isTrue();
    }

    /** Fails the test if anything is left of a command: files in the making, temporary files, parts of targets. */
    Product nothingLeft() throws IOException {
        assertThat(names(cache().resolve("part"))).as("files in the making").noneMatch(name -> !name.endsWith(".lock"));
        assertThat(names(temporary())).as("temporary files").isEmpty();
        assertThat(worked()).as("what lies beside the target").noneMatch(name -> name.startsWith("."));
        return this;
    }

    @Override
    public void close() throws IOException {
        try {
            Peers.run("sh", "-c", "chmod -R u+rwX \"$0\" 2>/dev/null; rm -rf --one-file-system \"$0\"", root.toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
