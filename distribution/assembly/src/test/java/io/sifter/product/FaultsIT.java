package io.sifter.product;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.product.Product.Result;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Platform;
import io.sifter.testkit.Peers;
import io.sifter.testkit.TarLayer;
import io.sifter.testkit.registry.Fault;
import io.sifter.testkit.registry.Received;
import io.sifter.testkit.registry.ScriptedRegistry;
import io.sifter.testkit.registry.TestImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What machines do to programs: kills and cuts at random moments (whose seed is printed and can be given as
 * {@code SIFTER_FAULT_SEED}), full disks, crowds, damaged files. The next command succeeds, and nothing is left.
 * {@code SIFTER_FAULT_ROUNDS} says how often is killed, twice how often is cut, and how many are a crowd.
 */
class FaultsIT {
    private static final String LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";
    private static final long SEED = Long.parseLong(System.getenv().getOrDefault("SIFTER_FAULT_SEED", String.valueOf(System.nanoTime())));
    private static final int ROUNDS = Integer.parseInt(System.getenv().getOrDefault("SIFTER_FAULT_ROUNDS", "12"));

    private final Random random = new Random(SEED);
    private final List<Path> mounted = new ArrayList<>();
    private Product product;
    private ScriptedRegistry registry;

    @BeforeEach
    void start() throws IOException, InterruptedException {
        System.out.println("SIFTER_FAULT_SEED=" + SEED);
        product = Product.ordinary();
        registry = ScriptedRegistry.start();
    }

    @AfterEach
    void stop() throws IOException, InterruptedException {
        for (Path mount : mounted) {
            Peers.run("umount", "-l", mount.toString());
        }
        registry.close();
        product.close();
    }

    private static final TarLayer BASE = TarLayer.with().directory("data").file("data/noise", Images.noise(4_000_000, 3))
            .file("data/words", "words ".repeat(300_000));

    private static TestImage image() {
        return Images.of(BASE, TarLayer.with().file("data/more", Images.noise(1_500_000, 4)).hardLink("data/same", "data/more"));
    }

    private String publish(String name, TestImage image) {
        registry.publish("lib/" + name, "latest", image);
        return "docker://" + registry.host() + "/lib/" + name;
    }

    private byte[] pulled(String uri, String name) throws IOException, InterruptedException {
        product.run("pull", "--force", name, uri).ok();
        return Files.readAllBytes(product.work().resolve(name));
    }

    private void settings(String... lines) throws IOException, InterruptedException {
        product.shell("mkdir -p ~/.singularity && echo '%s' >~/.singularity/sifter.conf".formatted(String.join("\n", lines))).ok();
    }

    @Test
    void survivesKillsAtAnyMoment() throws Exception {
        String uri = publish("image", image());
        long start = System.nanoTime();
        byte[] expected = pulled(uri, "x.sif");
        long usual = (System.nanoTime() - start) / 1_000_000;
        for (int round = 0; round < ROUNDS; round++) {
            if (random.nextInt(3) > 0) {
                product.run("cache", "clean", "--force").ok();
            }
            Files.deleteIfExists(product.work().resolve("x.sif"));
            boolean kept = random.nextInt(4) > 0;
            Process pull = kept ? product.begin("pull", "x.sif", uri) : product.begin("pull", "--disable-cache", "x.sif", uri);
            long moment = random.nextLong(usual + usual / 4);
            Thread.sleep(moment);
            Product.kill(pull, "KILL");
            Path target = product.work().resolve("x.sif");
            if (Files.exists(target)) {
                assertThat(target).as("round %d, killed after %d ms", round, moment).hasBinaryContent(expected);
            }

            assertThat(pulled(uri, "x.sif")).as("round %d, killed after %d ms", round, moment).isEqualTo(expected);
            product.nothingLeft();
        }
    }

    @Test
    void survivesCutsAtAnyByte() throws Exception {
        TestImage image = image();
        String uri = publish("image", image);
        byte[] expected = pulled(uri, "x.sif");
        settings("network.attempts = 2");
        for (int round = 0; round < ROUNDS / 2; round++) {
            product.run("cache", "clean", "--force").ok();
            for (Digest blob : image.blobs().keySet()) {
                // The last of three is one more than is tried: sometimes the command fails, and the next one goes on.
                for (int cut = random.nextInt(4); cut > 0; cut--) {
                    registry.once("GET .*/blobs/" + blob, new Fault.CutAfter(random.nextInt(image.blobs().get(blob).length + 1)));
                }
            }
            Result first = product.run("pull", "--force", "x.sif", uri);
            for (int more = 0; more < 8 && first.exit() != 0; more++) {
                assertThat(first.err()).as("round %d", round).contains("FATAL", "at byte");
                first = product.run("pull", "--force", "x.sif", uri);
            }
            first.ok();
            assertThat(product.work().resolve("x.sif")).hasBinaryContent(expected);
            product.nothingLeft();
            registry.forget();
        }
    }

    /** A file system of its own with this much room, for the user. */
    private Path small(String name, int megabytes) throws IOException, InterruptedException {
        Path place = product.give(Files.createDirectories(product.root().resolve(name)));
        Peers.run("mount", "-t", "tmpfs", "-o", "mode=777,size=" + megabytes + "m", "small", place.toString()).ok();
        mounted.add(place);
        return place;
    }

    @ParameterizedTest
    @ValueSource(strings = {"cache", "tmp", "target"})
    void aFullDiskIsNamedAtAnyMomentAndNothingIsLeft(String where) throws Exception {
        Peers.root();
        TestImage image = image();
        String uri = publish("image", image);
        byte[] expected = pulled(uri, "expected.sif");
        product.run("cache", "clean", "--force").ok();
        Path place = small(where + "-full", 32);
        List<String> pull = new ArrayList<>(List.of("pull"));
        switch (where) {
            case "cache" -> product.with("SINGULARITY_CACHEDIR", place.toString());
            case "tmp" -> {
                product.with("SINGULARITY_TMPDIR", place.toString());
                pull.add("--disable-cache");
            }
            default -> { }
        }
        Path made = where.equals("target") ? place.resolve("x.sif") : product.work().resolve("x.sif");
        pull.addAll(List.of(where.equals("target") ? made.toString() : "x.sif", uri));
        Path fill = place.resolve("fill");
        // Enough room when it is looked for, and less and less of it while the second layer is waited for.
        for (int kilobytes : new int[] {0, 500, 3000, 6000}) {
            registry.once("GET .*/blobs/" + Images.layer(image, 1), new Fault.Delay(Duration.ofMillis(700)));
            Path errors = Files.createTempFile("sifter-it", ".err");
            Process process = product.begin(product.work(), words(pull), ProcessBuilder.Redirect.to(errors.toFile()));
            Product.await(() -> !registry.received("GET .*/blobs/" + Images.layer(image, 1)).isEmpty());
            Peers.run("sh", "-c", "cat /dev/zero >'" + fill + "' 2>/dev/null; truncate -s -" + kilobytes + "K '" + fill + "'");
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            String told = Files.readString(errors);
            if (process.exitValue() != 0 || kilobytes == 0) {
                assertThat(process.exitValue()).as(told).isEqualTo(255);
                assertThat(told).contains("FATAL").contains(place.toString());
                assertThat(made).doesNotExist();
            }
            Files.delete(fill);
            Files.delete(errors);
            registry.forget();
            product.run(pull.toArray(String[]::new)).ok();
            assertThat(made).hasBinaryContent(expected);
            product.shell("rm -rf '" + made + "'").ok();
            if (!where.equals("tmp")) {
                product.run("cache", "clean", "--force").ok();
            }
            assertThat(Product.names(place)).allMatch(name -> name.equals("cache"));
            product.nothingLeft();
        }
    }

    private static List<String> words(List<String> pull) {
        List<String> words = new ArrayList<>(List.of("singularity"));
        words.addAll(pull);
        return words;
    }

    @ParameterizedTest
    @ValueSource(strings = {"cache", "target"})
    void wantOfRoomIsToldBeforeAnythingIsFetched(String where) throws Exception {
        Peers.root();
        String uri = publish("image", image());
        Path place = small(where + "-small", 4);
        if (where.equals("cache")) {
            product.with("SINGULARITY_CACHEDIR", place.toString());
        }

        Result result = product.run("pull", where.equals("target") ? place.resolve("x.sif").toString() : "x.sif", uri)
                .failed("Not enough space in " + place, " MB are needed");

        assertThat(result.err()).doesNotContain("Copying blob");
        assertThat(registry.received("GET .*/blobs/.*")).as("the configuration alone").hasSizeLessThan(2);
    }

    @Test
    void crowdsFetchAndConvertOnceWhatTheirImagesShare() throws Exception {
        Map<String, byte[]> expected = new HashMap<>();
        List<String> uris = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            uris.add(publish("image" + i, Images.of(BASE, TarLayer.with().file("own", Images.noise(300_000, i)))));
        }
        int crowd = Math.max(6, ROUNDS);
        List<Process> pulls = new ArrayList<>();
        for (int i = 0; i < crowd; i++) {
            pulls.add(product.begin(product.work(), List.of("singularity", "pull", "x" + i + ".sif", uris.get(i % 3)),
                    ProcessBuilder.Redirect.to(product.root().resolve("err" + i).toFile())));
        }
        Map<String, Integer> copied = new HashMap<>();
        boolean waited = false;
        for (int i = 0; i < crowd; i++) {
            assertThat(pulls.get(i).waitFor(600, TimeUnit.SECONDS)).isTrue();
            String told = Files.readString(product.root().resolve("err" + i));
            assertThat(pulls.get(i).exitValue()).as(told).isZero();
            told.lines().filter(line -> line.startsWith("Copying blob ")).forEach(line -> copied.merge(line, 1, Integer::sum));
            waited |= told.contains("Waiting for another process that converts sha256:");
            byte[] bytes = Files.readAllBytes(product.work().resolve("x" + i + ".sif"));
            byte[] first = expected.putIfAbsent(uris.get(i % 3), bytes);
            assertThat(first == null || java.util.Arrays.equals(first, bytes)).isTrue();
        }

        assertThat(copied.values()).as("four layers").hasSize(4).containsOnly(1);
        assertThat(waited).isTrue();
        Map<String, Integer> fetched = new HashMap<>();
        registry.received("GET .*/blobs/.*").forEach(request -> fetched.merge(request.path().replaceAll(".*/", ""), 1, Integer::sum));
        assertThat(fetched.get(Images.layer(Images.of(BASE), 0).toString())).isEqualTo(1);
        product.nothingLeft();
    }

    /**
     * A filter of system calls (seccomp(2), classic BPF) that lets none take a lock: {@code fcntl} and {@code flock} answer ENOLCK, as on
     * network file systems without a lock service.
     */
    private static byte[] withoutLocks() {
        int fcntl = System.getProperty("os.arch").equals("aarch64") ? 25 : 72;
        int flock = System.getProperty("os.arch").equals("aarch64") ? 32 : 73;
        ByteBuffer filter = ByteBuffer.allocate(9 * 8).order(ByteOrder.LITTLE_ENDIAN);
        int load = 0x20;
        int equal = 0x15;
        int answer = 0x06;
        int[][] instructions = {
                {load, 0, 0, 0}, {equal, 6, 0, flock}, {equal, 0, 4, fcntl},
                {load, 0, 0, 24}, {equal, 3, 0, 6}, {equal, 2, 0, 7}, {equal, 1, 0, 37},
                {answer, 0, 0, 0x7FFF_0000}, {answer, 0, 0, 0x0005_0000 | 37}};
        for (int[] instruction : instructions) {
            filter.putShort((short) instruction[0]).put((byte) instruction[1]).put((byte) instruction[2]).putInt(instruction[3]);
        }
        return filter.array();
    }

    @Test
    void crowdsGetTheirImagesWhereNothingCanBeLocked() throws Exception {
        Peers.program("bwrap");
        TestImage image = image();
        String uri = publish("image", image);
        byte[] expected = pulled(uri, "expected.sif");
        product.run("cache", "clean", "--force").ok();
        Files.write(product.work().resolve("filter"), withoutLocks());
        String unlocked = "exec bwrap --dev-bind / / --seccomp 9 %s 9<filter";
        assertThat(product.shell("(" + unlocked.formatted("flock -n filter echo locked") + ")").out()).isEmpty();
        List<Process> pulls = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            pulls.add(product.begin(product.work(), List.of("sh", "-c", unlocked.formatted("singularity pull x" + i + ".sif " + uri)),
                    ProcessBuilder.Redirect.to(product.root().resolve("err" + i).toFile())));
        }
        for (int i = 0; i < 4; i++) {
            assertThat(pulls.get(i).waitFor(300, TimeUnit.SECONDS)).isTrue();
            assertThat(pulls.get(i).exitValue()).as(Files.readString(product.root().resolve("err" + i))).isZero();
            assertThat(product.work().resolve("x" + i + ".sif")).hasBinaryContent(expected);
        }
        assertThat(registry.received("GET .*/blobs/" + Images.layer(image, 0))).as("work done more than once").hasSizeGreaterThan(2);
        Files.delete(product.work().resolve("filter"));
        product.nothingLeft();
    }

    @Test
    void aKilledHoldersWorkIsTakenOver() throws Exception {
        TestImage image = image();
        String uri = publish("image", image);
        String blob = "GET .*/blobs/" + Images.layer(image, 0);
        registry.once(blob, new Fault.StallAfter(2_000_000));
        Process holder = product.begin("pull", "x.sif", uri);
        Path part = product.cache().resolve("part/" + Images.layer(image, 0).hex() + ".blob");
        Product.await(() -> Files.exists(part) && Files.size(part) >= 1_500_000);
        Path errors = product.root().resolve("waiter");
        Process waiter = product.begin(product.work(), List.of("singularity", "pull", "y.sif", uri), ProcessBuilder.Redirect.to(errors.toFile()));
        Product.await(() -> Files.readString(errors).contains("Waiting for another process that converts " + Images.layer(image, 0)));

        Product.kill(holder, "KILL");

        assertThat(waiter.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(waiter.exitValue()).as(Files.readString(errors)).isZero();
        List<Received> requests = registry.received(blob);
        assertThat(requests).hasSize(2);
        assertThat(requests.getLast().header("Range")).hasValueSatisfying(range -> assertThat(range).matches("bytes=[1-9]\\d{6}-"));
        // The waiter looked for what was left when it began, the holder still alive.
        product.run("cache", "list").ok();
        product.nothingLeft();
    }

    @ParameterizedTest
    @CsvSource({"pull,INT,130", "pull,TERM,143", "build,INT,1", "build,TERM,1"})
    void signalsEndCommandsAtOnceAndNothingIsLeftButWhatCanBeContinued(String command, String signal, int exit) throws Exception {
        TestImage image = image();
        String uri = publish("image", image);
        registry.always("GET .*/blobs/" + Images.layer(image, 0), new Fault.StallAfter(3_000_000));
        Process process = product.begin(command, "x.sif", uri);
        Path part = product.cache().resolve("part/" + Images.layer(image, 0).hex() + ".blob");
        Product.await(() -> Files.exists(part) && Files.size(part) >= 2_500_000);

        Product.kill(process, signal);

        assertThat(process.exitValue()).isEqualTo(exit);
        assertThat(product.worked()).isEmpty();
        assertThat(Product.names(product.temporary())).isEmpty();
        assertThat(Product.names(product.cache().resolve("part"))).allMatch(name -> name.endsWith(".blob") || name.endsWith(".lock"));
    }

    @Test
    void damageInTheCacheIsNoticedAndMadeGood() throws Exception {
        String uri = publish("image", image());
        byte[] expected = pulled(uri, "x.sif");
        String overwrite = "dd if=/dev/zero of=\"$file\" bs=4096 seek=30 count=1 conv=notrunc 2>/dev/null";
        product.shell("for file in ~/.singularity/cache/pack/*; do " + overwrite + "; done").ok();
        assertThat(pulled(uri, "x.sif")).isEqualTo(expected);

        product.shell("rm ~/.singularity/cache/pack/*; for file in ~/.singularity/cache/oci/blobs/sha256/*; do [ $(stat -c %s \"$file\") -lt 200000 ] || "
                + overwrite + "; done").ok();
        assertThat(pulled(uri, "x.sif")).isEqualTo(expected);
        product.nothingLeft();
    }

    @Test
    void bombsAreStopped() throws Exception {
        settings("convert.max-unpacked = 20M");
        TarLayer bomb = TarLayer.with().file("zeros", new byte[40 << 20]);
        TarLayer third = TarLayer.with().file("third", new byte[8 << 20]);
        TarLayer other = TarLayer.with().file("other", new byte[9 << 20]);
        TarLayer more = TarLayer.with().file("more", new byte[7 << 20]);
        TarLayer small = TarLayer.with().file("small", "a few bytes, and many behind the archive");
        ByteArrayOutputStream padded = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(padded)) {
            gzip.write(small.tar());
            gzip.write(new byte[60 << 20]);
        }

        product.run("pull", "x.sif", publish("bomb", Images.of(bomb))).failed("more than the 20971520 bytes", "convert.max-unpacked");
        product.run("pull", "x.sif", publish("sum", Images.of(third, other, more))).failed("more than the 20971520 bytes", "convert.max-unpacked");
        product.run("pull", "x.sif", publish("padded", TestImage.with().platform("linux/" + Platform.host().architecture())
                .blob(LAYER, padded.toByteArray(), small.diffId()).build())).failed("more than the 20971520 bytes", "convert.max-unpacked");
        product.run("pull", "fits.sif", publish("fits", Images.of(third, other))).ok();

        assertThat(product.worked()).containsExactly("fits.sif");
        product.nothingLeft();
    }

    @Test
    void aCacheWithALimitKeepsWhatIsUsedAndALayoutThatIsTrue() throws Exception {
        TestImage old = Images.of(TarLayer.with().file("old", Images.noise(2_000_000, 1)));
        TestImage current = Images.of(TarLayer.with().file("current", Images.noise(2_000_000, 2)));
        settings("cache.limit = 5M");
        pulled(publish("old", old), "old.sif");
        product.shell("find ~/.singularity/cache -type f -exec touch -a -m -d '1 hour ago' {} +").ok();

        pulled(publish("current", current), "current.sif");

        Path blobs = product.cache().resolve("oci/blobs/sha256");
        assertThat(blobs.resolve(Images.layer(current, 0).hex())).exists();
        assertThat(blobs.resolve(Images.layer(old, 0).hex())).doesNotExist();
        assertThat(Files.readString(product.cache().resolve("oci/index.json"))).contains(current.manifest().digest().hex())
                .doesNotContain(old.manifest().digest().hex());
        registry.forget();
        pulled("docker://" + registry.host() + "/lib/current", "again.sif");
        assertThat(registry.received("GET .*/blobs/" + Images.layer(current, 0))).isEmpty();
    }

    @Test
    void blobsAreNotKeptIfToldSo() throws Exception {
        settings("cache.keep-blobs = false");
        TestImage image = image();
        String uri = publish("image", image);
        byte[] first = pulled(uri, "x.sif");
        registry.forget();

        assertThat(pulled(uri, "x.sif")).isEqualTo(first);
        assertThat(registry.received("GET .*/blobs/" + Images.layer(image, 0))).isEmpty();
        assertThat(product.cache().resolve("oci/blobs/sha256").resolve(Images.layer(image, 0).hex())).doesNotExist();
        product.nothingLeft();
    }

    @Test
    void othersPacksAreUsedOnlyWhereTheyAreTrusted() throws Exception {
        Peers.root();
        String uri = publish("image", image());
        byte[] expected = pulled(uri, "x.sif");
        String owners = "stat -c %u ~/.singularity/cache/pack/* | sort -u";
        String give = "chown 12345 " + product.cache() + "/pack/*";
        Peers.run("sh", "-c", give).ok();
        settings("cache.trusted-owners = [\"12345\"]");
        assertThat(pulled(uri, "x.sif")).isEqualTo(expected);
        assertThat(product.shell(owners).ok().out()).as("used as they are").isEqualTo("12345\n");

        settings("cache.trusted-owners = []");
        assertThat(pulled(uri, "x.sif")).isEqualTo(expected);
        assertThat(product.shell(owners).ok().out()).as("made again").doesNotContain("12345");
    }
}
