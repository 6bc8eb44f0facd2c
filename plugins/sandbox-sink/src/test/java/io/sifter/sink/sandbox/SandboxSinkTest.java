package io.sifter.sink.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.image.directory.DirectoryTree;
import io.sifter.image.directory.LinuxFiles;
import io.sifter.image.directory.Removal;
import io.sifter.spi.Sink;
import io.sifter.spi.SinkContext;
import io.sifter.spi.SinkOptions;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.event.Event;
import io.sifter.spi.tree.Attributes;
import io.sifter.spi.tree.Content;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.FileTree;
import io.sifter.spi.tree.RegularFile;
import io.sifter.spi.tree.Symlink;
import io.sifter.testkit.Peers;
import io.sifter.testkit.contract.SinkContract;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Queue;
import java.util.SortedMap;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pf4j.DefaultVersionManager;

class SandboxSinkTest extends SinkContract {
    private final ExecutorService workers = Executors.newFixedThreadPool(2);
    private final Queue<String> warnings = new ConcurrentLinkedQueue<>();
    private Path temporary;

    @Override
    protected Sink sink(SinkContext context) {
        return new SandboxSink(context);
    }

    @Override
    protected byte[] content(Path target, String name) throws IOException {
        return Files.readAllBytes(target.resolve(name));
    }

    @BeforeEach
    void makeDirectory() throws IOException {
        temporary = Files.createTempDirectory("sandbox");
    }

    @AfterEach
    void removeDirectory() throws IOException {
        workers.shutdownNow();
        int parent = LinuxFiles.openDirectory(temporary.getParent());
        try {
            Removal.remove(parent, temporary.getFileName().toString());
        } finally {
            LinuxFiles.close(parent);
        }
    }

    @Test
    void rootKeepsEverythingEntryByEntry() throws Exception {
        Peers.root();
        Path target = temporary.resolve("box");

        write(Samples.everything(), target, Samples.OPTIONS);

        assertThat(read(target)).isEqualTo(Listing.of(Samples.everything()));
        assertThat(warnings).isEmpty();
        assertThat(names()).containsExactly("box");
    }

    @Test
    void whatWasReadFromADirectoryIsWrittenTheSameAgain() throws Exception {
        Peers.root();
        write(Samples.everything(), temporary.resolve("one"), Samples.OPTIONS);

        try (DirectoryTree tree = DirectoryTree.open(temporary.resolve("one"), this::record)) {
            write(tree, temporary.resolve("two"), Samples.OPTIONS);
        }

        assertThat(read(temporary.resolve("two"))).isEqualTo(read(temporary.resolve("one")));
    }

    @Test
    void allRootGivesEverythingToRoot() throws Exception {
        Peers.root();
        Path target = temporary.resolve("box");

        write(Samples.everything(), target, Samples.options(true));

        assertThat(read(target)).hasSameSizeAs(Listing.of(Samples.everything())).allSatisfy((_, line) -> assertThat(line).contains(" 0:0 @"));
    }

    @Test
    void anOrdinaryUserOwnsEverythingAndIsToldOnceOfEachLoss() throws Exception {
        Path target = temporary.resolve("box");

        List<String> told = writeAsOrdinaryUser(target);

        SortedMap<String, String> expected = Listing.of(Samples.everything());
        expected.replaceAll((_, line) -> line.replaceAll(" \\d+:\\d+ @", " OWNER @"));
        expected.replaceAll((_, line) -> line.contains(" device ")
                ? line.replaceAll("^.* device \\d+:\\d+ 0\\d*", "file 0 e3b0c44298fc1c14 00") : line);
        expected.computeIfPresent("/ping", (_, line) -> line.replaceAll("security.capability=\\w+,", ""));
        SortedMap<String, String> found = read(target);
        String owner = found.get("/").replaceAll(".* (\\d+:\\d+) @.*", " $1 @");
        found.replaceAll((_, line) -> line.replace(owner, " OWNER @"));
        assertThat(found).isEqualTo(expected);
        assertThat(told).containsExactly(
                "3 devices in %s are empty files: only root may make devices".formatted(target),
                "1 extended attributes are left out of %s: the caller may not set them, or its file system has no room for them".formatted(target),
                "The sandbox contain files/dirs that cannot be removed with 'rm'.",
                "Use 'chmod -R u+rwX' to set permissions that allow removal.",
                "Use the '--fix-perms' option to 'singularity build' to modify permissions at build time.");
        assertThat(names()).containsExactly("box");
    }

    @Test
    void anOrdinaryUserReplacesASandboxThatDeniesRemoval() throws Exception {
        Path target = temporary.resolve("box");
        writeAsOrdinaryUser(target);

        writeAsOrdinaryUser(target);

        assertThat(names()).containsExactly("box");
    }

    @Test
    void holesTakeNoRoomAndContentKeepsItsSize() throws Exception {
        byte[] bytes = new byte[8 << 20];
        bytes[5 << 20] = 1;
        Path target = temporary.resolve("box");

        write(Samples.tree("holes", new RegularFile(Attributes.of(0644, 0), Content.of(bytes))), target, Samples.OPTIONS);

        assertThat(target.resolve("holes")).hasBinaryContent(bytes);
        long blocks = ((Number) blocksOf(target.resolve("holes"))).longValue();
        assertThat(blocks * 512).isLessThanOrEqualTo(128 << 10);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 65535, 65536, 65537, 131072, 131073, 200_000})
    void filesOfZerosKeepTheirSize(int size) throws Exception {
        Path target = temporary.resolve("box");

        write(Samples.tree("zeros", new RegularFile(Attributes.of(0644, 0), Content.of(new byte[size]))), target, Samples.OPTIONS);

        assertThat(target.resolve("zeros")).hasBinaryContent(new byte[size]);
    }

    @ParameterizedTest
    @ValueSource(ints = {99, 101, 70_000})
    void contentThatHasAnotherSizeThanStatedIsRefusedAndLeavesNothing(int real) throws Exception {
        FileTree tree = Samples.tree("liar", new RegularFile(Attributes.of(0644, 0), Samples.lying(100, real)));

        assertThatThrownBy(() -> write(tree, temporary.resolve("box"), Samples.OPTIONS))
                .isInstanceOf(CorruptDataException.class).hasMessageContaining("liar").hasMessageContaining("100 bytes");

        assertThat(names()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "..", "a/b", "/etc", "../up", "nul\0"})
    void namesThatAreNoneAreRefusedBeforeAnythingIsWritten(String name) throws Exception {
        FileTree tree = Samples.tree("fine", Samples.directory());
        ((Directory) tree.root().children().get("fine")).children().put(name, Samples.file("x"));

        assertThatThrownBy(() -> write(tree, temporary.resolve("box"), Samples.OPTIONS)).isInstanceOf(CorruptDataException.class);

        assertThat(names()).isEmpty();
    }

    @Test
    void aDirectoryThatHoldsItselfIsRefused() {
        Directory round = Samples.directory();
        round.children().put("again", round);

        assertThatThrownBy(() -> write(FileTree.of(round), temporary.resolve("box"), Samples.OPTIONS))
                .isInstanceOf(CorruptDataException.class).hasMessageContaining("again");
    }

    @Test
    void linksAreMadeAndNeverFollowed() throws Exception {
        Path outside = Files.createDirectory(temporary.resolve("outside"));
        Directory root = Samples.directory();
        root.children().put("a", new Symlink(new Attributes(0777, 65534, 65534, 0, Map.of()), outside.toString()));
        root.children().put("b", new Symlink(Attributes.of(0777, 0), "a"));
        root.children().put("c", new Symlink(Attributes.of(0777, 0), outside.resolve("new").toString()));
        var before = Files.getLastModifiedTime(outside);
        var ownerBefore = Files.getOwner(outside);

        write(FileTree.of(root), temporary.resolve("box"), Samples.OPTIONS);

        assertThat(outside).isEmptyDirectory();
        assertThat(Files.getLastModifiedTime(outside)).isEqualTo(before);
        assertThat(Files.getOwner(outside)).isEqualTo(ownerBefore);
        assertThat(Files.readSymbolicLink(temporary.resolve("box/a"))).isEqualTo(outside);
    }

    @Test
    void treesDeeperThanAnyPathAreWrittenReadAndReplaced() throws Exception {
        Path target = temporary.resolve("box");

        write(Samples.nested(4096), target, Samples.OPTIONS);
        assertThat(depth(target)).isEqualTo(4096);
        write(Samples.nested(1), target, Samples.OPTIONS);

        assertThat(depth(target)).isEqualTo(1);
        assertThat(names()).containsExactly("box");
    }

    @Test
    void nobodyElseCanLookInWhileASandboxIsMade() throws Exception {
        AtomicReference<String> seen = new AtomicReference<>();
        Content content = new Content() {
            @Override
            public long size() {
                return 1;
            }

            @Override
            public InputStream open() throws IOException {
                try (Stream<Path> all = Files.list(temporary)) {
                    seen.set(PosixFilePermissions.toString(Files.getPosixFilePermissions(all.findFirst().orElseThrow())));
                }
                return InputStream.nullInputStream().transferTo(java.io.OutputStream.nullOutputStream()) == 0
                        ? new java.io.ByteArrayInputStream(new byte[] {1}) : null;
            }
        };

        write(Samples.tree("file", new RegularFile(Attributes.of(04755, 0), content)), temporary.resolve("box"), Samples.OPTIONS);

        assertThat(seen.get()).isEqualTo("rwx------");
    }

    @Test
    void workersThatNeverComeAreNotWaitedFor() throws Exception {
        ExecutorService nobody = new AbstractExecutorService() {
            @Override
            public void execute(Runnable job) {}

            @Override
            public void shutdown() {}

            @Override
            public List<Runnable> shutdownNow() {
                return List.of();
            }

            @Override
            public boolean isShutdown() {
                return false;
            }

            @Override
            public boolean isTerminated() {
                return false;
            }

            @Override
            public boolean awaitTermination(long timeout, TimeUnit unit) {
                return true;
            }
        };
        SandboxSink sink = new SandboxSink(new SinkContext(nobody, this::record, Map.of()));

        sink.write(Samples.nested(50), Samples.SETTINGS, temporary.resolve("box"), Samples.OPTIONS);

        assertThat(depth(temporary.resolve("box"))).isEqualTo(50);
    }

    @Test
    void aTargetMayHaveTheLongestName() throws Exception {
        Path target = temporary.resolve("t".repeat(255));

        write(Samples.tree("x", Samples.file("x")), target, Samples.OPTIONS);

        assertThat(target.resolve("x")).hasContent("x");
    }

    @Test
    void largeExtendedAttributesAreKeptOrCountedAsLost() throws Exception {
        Attributes attributes = new Attributes(0644, 0, 0, 0, Map.of("user.large", new byte[60_000]));
        Path target = temporary.resolve("box");

        write(Samples.tree("file", new RegularFile(attributes, Content.of(new byte[1]))), target, Samples.OPTIONS);

        boolean kept = read(target).get("/file").contains("user.large");
        assertThat(warnings).hasSize(kept ? 0 : 1).allSatisfy(warning -> assertThat(warning).startsWith("1 extended attributes are left out"));
    }

    @Test
    void theHostAcceptsWhatThePluginRequires() throws Exception {
        Properties plugin = new Properties();
        try (InputStream in = SandboxSink.class.getResourceAsStream("/plugin.properties")) {
            plugin.load(in);
        }

        assertThat(Class.forName(plugin.getProperty("sink.sandbox"))).isEqualTo(SandboxSink.class);
        DefaultVersionManager versions = new DefaultVersionManager();
        assertThat(versions.checkVersionConstraint("1.0.0", plugin.getProperty("plugin.requires"))).isTrue();
        assertThat(versions.checkVersionConstraint("2.0.0", plugin.getProperty("plugin.requires"))).isFalse();
    }

    private void write(FileTree tree, Path target, SinkOptions options) throws IOException, InterruptedException {
        new SandboxSink(new SinkContext(workers, this::record, Map.of())).write(tree, Samples.SETTINGS, target, options);
    }

    private void record(Event event) {
        if (event instanceof Event.Logged logged) {
            warnings.add(logged.message());
        }
    }

    private SortedMap<String, String> read(Path directory) throws IOException, InterruptedException {
        try (DirectoryTree tree = DirectoryTree.open(directory, this::record)) {
            return Listing.of(tree);
        }
    }

    private int depth(Path directory) throws IOException, InterruptedException {
        try (DirectoryTree tree = DirectoryTree.open(directory, this::record)) {
            int depth = 0;
            Directory at = tree.root();
            while (at.children().get("directory-" + depth % 10) instanceof Directory next) {
                String text;
                try (InputStream in = ((RegularFile) at.children().get("file")).content().open()) {
                    text = new String(in.readAllBytes());
                }
                assertThat(text).isEqualTo("level " + depth);
                assertThat(next.attributes().mtime()).isEqualTo(depth);
                at = next;
                depth++;
            }
            return depth;
        }
    }

    private List<String> names() throws IOException {
        try (Stream<Path> all = Files.list(temporary)) {
            return all.map(path -> path.getFileName().toString()).toList();
        }
    }

    private static Object blocksOf(Path file) throws Exception {
        Process stat = new ProcessBuilder("stat", "-c", "%b", file.toString()).start();
        return Long.parseLong(new String(stat.getInputStream().readAllBytes()).strip());
    }

    /** Runs in a JVM of somebody else if this one is root's. */
    private List<String> writeAsOrdinaryUser(Path target) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        Path log = Files.createTempFile("ordinary", ".log");
        Path classes = Files.createTempDirectory("classes");
        try {
            if (LinuxFiles.effectiveUser() == 0) {
                command.addAll(List.of(Peers.program("setpriv"), "--reuid", "65534", "--regid", "65534", "--clear-groups"));
                Files.setPosixFilePermissions(classes, PosixFilePermissions.fromString("rwxr-xr-x"));
                run("chown", "65534:65534", temporary.toString());
            }
            command.addAll(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UseSerialGC", "-Xmx128m",
                    "--enable-native-access=ALL-UNNAMED", "-cp", readableClassPath(classes), OrdinaryUser.class.getName(), target.toString()));
            Process process = new ProcessBuilder(command).directory(temporary.toFile()).redirectErrorStream(true).redirectOutput(log.toFile()).start();
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            List<String> lines = Files.readAllLines(log);
            assertThat(process.exitValue()).as(String.join("\n", lines)).isZero();
            return lines;
        } finally {
            Files.delete(log);
            run("rm", "-rf", classes.toString());
        }
    }

    /** Copies of the few classes it takes, for others may not enter the home of whoever builds. */
    private static String readableClassPath(Path copies) throws IOException, InterruptedException {
        List<String> entries = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            if (entry.contains("sandbox-sink") || entry.contains("image") || entry.contains("squashfs") || entry.contains("spi") || entry.contains("pf4j")) {
                Path copy = copies.resolve(entries.size() + "-" + Path.of(entry).getFileName());
                assertThat(run("cp", "-r", entry, copy.toString())).isZero();
                assertThat(run("chmod", "-R", "a+rX", copy.toString())).isZero();
                entries.add(copy.toString());
            }
        }
        return String.join(File.pathSeparator, entries);
    }

    private static int run(String... command) throws IOException, InterruptedException {
        return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor();
    }
}
