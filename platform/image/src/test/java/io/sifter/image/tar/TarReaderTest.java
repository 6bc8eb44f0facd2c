package io.sifter.image.tar;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.tree.RawName;
import io.sifter.testkit.TarLayer;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TarReaderTest {
    private final List<String> notices = new ArrayList<>();

    @Test
    void readsEveryKindOfEntry() throws Exception {
        List<TarEntry> entries = entries(TarLayer.with()
                .file("f", "content").mode(04755).owner(1000, 100).mtime(1234567890)
                .directory("d").mode(0700)
                .symlink("s", "../x//y")
                .hardLink("h", "f")
                .characterDevice("c", 1, 3)
                .blockDevice("b", 8, 0)
                .fifo("p")
                .entry('7', "contiguous"));
        assertThat(entries).extracting(TarEntry::kind).containsExactly(TarEntry.Kind.REGULAR, TarEntry.Kind.DIRECTORY, TarEntry.Kind.SYMLINK,
                TarEntry.Kind.HARD_LINK, TarEntry.Kind.CHARACTER_DEVICE, TarEntry.Kind.BLOCK_DEVICE, TarEntry.Kind.FIFO, TarEntry.Kind.REGULAR);
        assertThat(entries).extracting(TarEntry::name).containsExactly("f", "d/", "s", "h", "c", "b", "p", "contiguous");
        assertThat(entries.get(0)).satisfies(f -> {
            assertThat(f.mode()).isEqualTo(04755);
            assertThat(f.uid()).isEqualTo(1000);
            assertThat(f.gid()).isEqualTo(100);
            assertThat(f.mtime()).isEqualTo(1234567890);
            assertThat(f.size()).isEqualTo(7);
            assertThat(f.position()).isZero();
        });
        assertThat(entries.get(2).linkName()).isEqualTo("../x//y");
        assertThat(entries.get(3).linkName()).isEqualTo("f");
        assertThat(entries.get(4).major()).isEqualTo(1);
        assertThat(entries.get(4).minor()).isEqualTo(3);
    }

    @Test
    void handsOnTheContentOfEachEntryAndPassesOverWhatIsNotRead() throws Exception {
        TarReader reader = reader(TarLayer.with().file("a", "x".repeat(5000)).file("b", "").file("c", "y".repeat(512)).file("d", "z").tar());
        assertThat(reader.next()).isPresent();
        assertThat(reader.body().readNBytes(3)).isEqualTo("xxx".getBytes(UTF_8));
        assertThat(reader.next()).isPresent();
        assertThat(reader.body().readAllBytes()).isEmpty();
        assertThat(reader.next()).isPresent();
        assertThat(reader.body().readAllBytes()).isEqualTo("y".repeat(512).getBytes(UTF_8));
        assertThat(reader.next()).isPresent();
        InputStream stale = reader.body();
        assertThat(reader.next()).isEmpty();
        assertThat(reader.next()).isEmpty();
        assertThat(stale.available()).isZero();
    }

    @Test
    void readsNamesOfEveryFormatExactly() throws Exception {
        String longName = "d/".repeat(1990) + "end-" + RawName.of("é") + "\u00FF\u00FE";
        byte[] prefix = "some/prefix".getBytes(UTF_8);
        assertThat(entries(TarLayer.with()
                .file("name", "").patch(345, prefix)
                .file("name", "").patch(345, prefix).patch(508, "tar\0".getBytes(UTF_8))
                .file("name", "").gnu().patch(345, prefix)
                .file("name", "").patch(257, new byte[8]).patch(345, prefix)
                .file(longName, "")
                .file(longName, "").gnu()
                .hardLink("l", longName)
                .symlink("l", longName).gnu()
                .file("short", "").gnu().pax("path", "of\npax")))
                .extracting(entry -> entry.kind() == TarEntry.Kind.REGULAR ? entry.name() : entry.linkName())
                .containsExactly("some/prefix/name", "some/prefix/name", "name", "name", longName, longName, longName, longName, "of\npax");
    }

    @Test
    void aNameOfHundredBytesNeedsNoTerminator() throws Exception {
        assertThat(entries(TarLayer.with().file("n".repeat(100), "").symlink("s", "t".repeat(100))))
                .extracting(TarEntry::name, TarEntry::linkName)
                .containsExactly(org.assertj.core.groups.Tuple.tuple("n".repeat(100), ""), org.assertj.core.groups.Tuple.tuple("s", "t".repeat(100)));
    }

    @Test
    void aTrailingSlashMakesAFileOfOldArchivesADirectory() throws Exception {
        List<TarEntry> entries = entries(TarLayer.with().file("old/", "content is passed over").file("next", "x"));
        assertThat(entries).extracting(TarEntry::kind).containsExactly(TarEntry.Kind.DIRECTORY, TarEntry.Kind.REGULAR);
        assertThat(entries.getFirst().size()).isZero();
    }

    @Test
    void paxRecordsReplaceTheHeaderForOneEntryOnly() throws Exception {
        List<TarEntry> entries = entries(TarLayer.with()
                .file("a", "").owner(1, 2).mtime(3).pax("uid", "4294967294").pax("gid", "2147483648").pax("mtime", "1.9").pax("unknown", "x")
                .file("b", "").owner(1, 2).mtime(3)
                .file("c", "12345").pax("size", "5").statedSize(0)
                .file("d", "").owner(5, 6).pax("uid", "7").pax("uid", ""));
        assertThat(entries).extracting(TarEntry::uid).containsExactly(4294967294L, 1L, 0L, 5L);
        assertThat(entries).extracting(TarEntry::gid).containsExactly(2147483648L, 2L, 0L, 6L);
        assertThat(entries).extracting(TarEntry::mtime).containsExactly(1L, 3L, 0L, 0L);
        assertThat(entries.get(2).size()).isEqualTo(5);
        assertThat(notices).isEmpty();
    }

    @Test
    void readsNumbersInBase256() throws Exception {
        List<TarEntry> entries = entries(TarLayer.with()
                .file("a", "").gnu().owner(4294967294L, 2147483648L)
                .file("b", "").gnu().mtime(-5)
                .file("c", "").gnu().mtime(Long.MAX_VALUE));
        assertThat(entries.get(0).uid()).isEqualTo(4294967294L);
        assertThat(entries.get(0).gid()).isEqualTo(2147483648L);
        assertThat(entries).extracting(TarEntry::mtime).containsExactly(0L, -5L, Long.MAX_VALUE);
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "-5.5, -6", "-5.0, -5", "-5, -5", "4294967295, 4294967295", "99999999999, 99999999999", "1.9, 1", "1., 1",
        "99999999999999999999.5, 9223372036854775807", "-99999999999999999999, -9223372036854775808"})
    void roundsTimesDown(String text, long expected) throws Exception {
        assertThat(entries(TarLayer.with().file("a", "").pax("mtime", text))).singleElement().extracting(TarEntry::mtime).isEqualTo(expected);
    }

    @Test
    void keepsExtendedAttributesByteByByte() throws Exception {
        byte[] capability = {1, 0, 0, 2, '\n', '=', 0, (byte) 0xFF, 0};
        TarEntry entry = entries(TarLayer.with().file("a", "")
                .xattr("security.capability", capability)
                .pax("LIBARCHIVE.xattr.user.a%3Db%2", "AAEC/w")
                .pax("LIBARCHIVE.xattr.user.both", "AAAA").xattr("user.both", "raw")
                .xattr("user.empty", "")).getFirst();
        assertThat(entry.xattrs()).containsOnlyKeys("security.capability", "user.a=b%2", "user.both", "user.empty");
        assertThat(entry.xattrs().get("security.capability")).isEqualTo(capability);
        assertThat(entry.xattrs().get("user.a=b%2")).containsExactly(0, 1, 2, 0xFF);
        assertThat(entry.xattrs().get("user.both")).isEqualTo("raw".getBytes(UTF_8));
        assertThat(entry.xattrs().get("user.empty")).isEmpty();
    }

    @Test
    void notesGlobalRecordsButNotTheCommentOfGit() throws Exception {
        entries(TarLayer.with().global("comment", "4f5a1d").file("a", ""));
        assertThat(notices).isEmpty();
        assertThat(entries(TarLayer.with().global("uid", "7").file("a", ""))).singleElement().extracting(TarEntry::uid).isEqualTo(0L);
        assertThat(notices).singleElement().asString().contains("'uid'").contains("not applied");
    }

    @Test
    void passesOverVolumeLabels() throws Exception {
        assertThat(entries(TarLayer.with().entry('V', "label").file("a", ""))).extracting(TarEntry::name).containsExactly("a");
        assertThat(notices).singleElement().asString().contains("'label'");
    }

    @Test
    void expandsOldGnuSparseFiles() throws Exception {
        // Two parts in the header, two more in a continuation block, a hole before, between and after.
        ByteArrayOutputStream map = new ByteArrayOutputStream();
        map.writeBytes(part(1000, 512));
        map.writeBytes(part(2000, 100));
        byte[] four = new byte[96 + 1 + 12];
        System.arraycopy(map.toByteArray(), 0, four, 0, 48);
        System.arraycopy(part(2100, 0), 0, four, 48, 24);
        System.arraycopy(part(3000, 1), 0, four, 72, 24);
        four[96] = 1;
        System.arraycopy("%011o\0".formatted(10_000).getBytes(UTF_8), 0, four, 97, 12);
        byte[] continuation = new byte[512];
        System.arraycopy(part(4000, 11), 0, continuation, 0, 24);
        byte[] stored = new byte[512 + 100 + 1 + 11];
        Arrays.fill(stored, (byte) 'x');
        byte[] tar = TarLayer.with().entry('S', "sparse").gnu().statedSize(stored.length).patch(386, four)
                .raw(continuation).raw(Arrays.copyOf(stored, 1024)).file("next", "n").tar();
        byte[] expected = new byte[10_000];
        Arrays.fill(expected, 1000, 1512, (byte) 'x');
        Arrays.fill(expected, 2000, 2100, (byte) 'x');
        expected[3000] = 'x';
        Arrays.fill(expected, 4000, 4011, (byte) 'x');
        assertContents(tar, expected, "n".getBytes(UTF_8));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.0", "0.1", "1.0"})
    void expandsPaxSparseFiles(String format) throws Exception {
        byte[] expected = new byte[3000];
        Arrays.fill(expected, 100, 200, (byte) 'a');
        Arrays.fill(expected, 2900, 3000, (byte) 'b');
        byte[] data = new byte[200];
        System.arraycopy(expected, 100, data, 0, 100);
        System.arraycopy(expected, 2900, data, 100, 100);
        TarLayer layer = TarLayer.with();
        switch (format) {
            case "0.0" -> layer.file("real", data).pax("GNU.sparse.size", "3000").pax("GNU.sparse.numblocks", "2")
                    .pax("GNU.sparse.offset", "100").pax("GNU.sparse.numbytes", "100").pax("GNU.sparse.offset", "2900").pax("GNU.sparse.numbytes", "100");
            case "0.1" -> layer.file("GNUSparseFile.0/x", data).pax("GNU.sparse.size", "3000").pax("GNU.sparse.name", "real")
                    .pax("GNU.sparse.map", "100,100,2900,100");
            default -> {
                byte[] stored = Arrays.copyOf("2\n100\n100\n2900\n100\n".getBytes(UTF_8), 512 + 200);
                System.arraycopy(data, 0, stored, 512, 200);
                layer.file("GNUSparseFile.0/x", stored).pax("GNU.sparse.major", "1").pax("GNU.sparse.minor", "0")
                        .pax("GNU.sparse.name", "real").pax("GNU.sparse.realsize", "3000");
            }
        }
        byte[] tar = layer.file("next", "n").tar();
        assertContents(tar, expected, "n".getBytes(UTF_8));
        assertThat(reader(tar).next()).hasValueSatisfying(entry -> assertThat(entry.name()).isEqualTo("real"));
    }

    @Test
    void aSparseFileMayBeOneHole() throws Exception {
        byte[] tar = TarLayer.with().file("hole", Arrays.copyOf("0\n".getBytes(UTF_8), 512)).pax("GNU.sparse.major", "1").pax("GNU.sparse.minor", "0")
                .pax("GNU.sparse.realsize", "5368709120").tar();
        TarReader reader = reader(tar);
        assertThat(reader.next()).hasValueSatisfying(entry -> assertThat(entry.size()).isEqualTo(5368709120L));
        assertThat(reader.body().skip(5368709119L)).isEqualTo(5368709119L);
        assertThat(reader.body().readAllBytes()).containsExactly(0);
    }

    @Test
    void acceptsAnArchiveThatEndsBetweenEntriesOrIsEmpty() throws Exception {
        assertThat(entries(TarLayer.with().file("a", "x").trailer(new byte[0]))).hasSize(1);
        assertThat(entries(TarLayer.with().file("a", "x").trailer(new byte[512]))).hasSize(1);
        assertThat(entries(TarLayer.with())).isEmpty();
        assertThat(reader(new byte[0]).next()).isEmpty();
    }

    @Test
    void tellsZerosAfterTheEndFromOtherBytes() throws Exception {
        assertThat(reader(TarLayer.with().file("a", "x").trailer(new byte[10240]).tar()).drain()).isFalse();
        byte[] junk = new byte[10240];
        junk[10239] = 1;
        TarReader reader = reader(TarLayer.with().file("a", "x").trailer(junk).tar());
        assertThat(reader.drain()).isTrue();
        assertThat(reader.position()).isEqualTo(1024 + 10240);
    }

    @ParameterizedTest
    @ValueSource(strings = {"M", "D", "N", "Q", "A", "X", "\u00FF"})
    void refusesEntryTypesThatNoLayerHas(String type) {
        assertThatThrownBy(() -> entries(TarLayer.with().file("a", "").entry(type.charAt(0), "odd")))
                .isInstanceOf(CorruptDataException.class).hasMessageStartingWith("tar at byte 512: 'odd'");
    }

    @Test
    void refusesAWrongChecksumAndSaysWhere() {
        assertThatThrownBy(() -> entries(TarLayer.with().file("a", "x").file("b", "").badChecksum()))
                .isInstanceOf(CorruptDataException.class).hasMessageStartingWith("tar at byte 1024: expected a header whose checksum is");
    }

    @Test
    void refusesABlankChecksum() {
        byte[] tar = TarLayer.with().file("a", "").tar();
        Arrays.fill(tar, 148, 156, (byte) ' ');
        assertThatThrownBy(() -> entries(tar)).isInstanceOf(CorruptDataException.class).hasMessageContaining("found none");
    }

    @Test
    void acceptsTheSumOfSignedBytes() throws Exception {
        byte[] tar = TarLayer.with().file("\u00FF\u00FE", "").tar();
        int sum = 0;
        for (int i = 0; i < 512; i++) {
            sum += i >= 148 && i < 156 ? ' ' : tar[i];
        }
        System.arraycopy("%06o\0 ".formatted(sum).getBytes(UTF_8), 0, tar, 148, 8);
        assertThat(entries(tar)).hasSize(1);
    }

    @Test
    void refusesOwnersOutOfRange() {
        assertRefused(TarLayer.with().file("a", "").pax("uid", "-1"), "uid is out of range");
        assertRefused(TarLayer.with().file("a", "").pax("gid", "4294967296"), "gid is out of range");
        assertRefused(TarLayer.with().file("a", "").gnu().owner(-1, 0), "uid is out of range");
    }

    @Test
    void refusesSizesOutOfRange() {
        byte[] twoTo63 = {(byte) 0x80, 0, 0, 0, (byte) 0x80, 0, 0, 0, 0, 0, 0, 0};
        assertRefused(TarLayer.with().file("a", "").patch(124, twoTo63), "size is not a number");
        assertRefused(TarLayer.with().file("a", "").gnu().statedSize(-1), "size is out of range");
        assertRefused(TarLayer.with().file("a", "").pax("size", "99999999999999999999"), "size is not a number");
        assertRefused(TarLayer.with().file("a", "").pax("size", "-1"), "size is out of range");
        assertRefused(TarLayer.with().file("a", "").pax("size", "9223372036854775807"), "size is out of range");
        assertRefused(TarLayer.with().file("a", "x").gnu().statedSize(8L << 30), "ends inside");
    }

    @Test
    void refusesFieldsThatAreNoNumbers() {
        assertRefused(TarLayer.with().file("a", "").patch(100, "rwxr-xr\0".getBytes(UTF_8)), "field mode is not a number");
        assertRefused(TarLayer.with().file("a", "").patch(136, "12 34\0".getBytes(UTF_8)).patch(124, "9\0".getBytes(UTF_8)), "field size is not a number");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "5 a=\n5 b", "10 a=b\n", "4 a=\n", "0 a=\n", "6 a=bb", "7 aabb\n", "-5 a=\n", "999999999999 a=\n", "6 a=b\n\0\0\0"})
    void refusesDamagedPaxRecords(String records) throws Exception {
        TarLayer layer = TarLayer.with().file("a", "").paxBytes(records.getBytes(UTF_8));
        if (records.isEmpty()) {
            assertThat(entries(layer)).as("no records are no damage").hasSize(1);
        } else {
            assertRefused(layer, "expected a PAX record");
        }
    }

    @Test
    void refusesNulInNamesAndOddAttributes() {
        assertRefused(TarLayer.with().file("a", "").pax("path", "a\0b"), "PAX path contains NUL: 'a\\x00b'");
        assertRefused(TarLayer.with().symlink("a", "b").pax("linkpath", "\0"), "PAX linkpath contains NUL");
        assertRefused(TarLayer.with().file("a", "").xattr("", "x"), "not a name of an extended attribute");
        assertRefused(TarLayer.with().file("a", "").xattr("user." + "n".repeat(251), "x"), "not a name of an extended attribute");
        assertRefused(TarLayer.with().file("a", "").xattr("user.n", "x".repeat(65537)), "more than the 65536");
        assertRefused(TarLayer.with().file("a", "").pax("LIBARCHIVE.xattr.user.a", "?"), "not base64");
    }

    @Test
    void refusesExtendedHeadersWithoutAnEntryOrEnd() {
        assertRefused(TarLayer.with().entry('x', "p"), "ends where the entry of an extended header was expected");
        assertRefused(TarLayer.with().file("a", "").pax("comment", "c".repeat(2 << 20)), "precedes the entry");
        assertRefused(TarLayer.with().entry('x', "p").gnu().statedSize(1L << 30), "precedes the entry");
        byte[] records = "6 a=b\n".repeat(170_000).getBytes(UTF_8);
        assertRefused(TarLayer.with().file("a", "").paxBytes(records).file("b", "").paxBytes(records).paxBytes(records), "precedes the entry");
    }

    @Test
    void refusesALoneBlockOfZeros() {
        assertRefused(TarLayer.with().file("a", "").raw(new byte[512]).file("b", ""), "a single block of zeros");
    }

    @Test
    void refusesSparseMapsThatDoNotAddUp() {
        for (String map : List.of("0,100", "0,101,100,0", "100,50,0,50", "9223372036854775807,100", "0,100,5000,0", "0,-1", "0", "a,b", ",")) {
            TarLayer layer = TarLayer.with().file("a", new byte[map.equals("0,100") ? 99 : 100]).pax("GNU.sparse.size", "3000").pax("GNU.sparse.map", map);
            assertThatThrownBy(() -> entries(layer)).as(map).isInstanceOf(CorruptDataException.class).hasMessageStartingWith("tar at byte ");
        }
        assertRefused(TarLayer.with().file("a", "").pax("GNU.sparse.major", "2"), "unknown sparse format 2");
        assertRefused(TarLayer.with().file("a", ("99999\n" + "0\n".repeat(253)).getBytes(UTF_8)).pax("GNU.sparse.major", "1"), "sparse map ends early");
        assertRefused(TarLayer.with().file("a", Arrays.copyOf("1".repeat(512).getBytes(UTF_8), 512)).pax("GNU.sparse.major", "1"), "no number");
    }

    @Test
    void anArchiveCutOffAnywhereIsRefusedOrShorter() throws Exception {
        byte[] tar = sample().tar();
        List<String> whole = describe(tar);
        for (int length = 0; length < tar.length; length++) {
            byte[] cut = Arrays.copyOf(tar, length);
            try {
                List<String> read = describe(cut);
                assertThat(whole.subList(0, read.size())).as("cut at %d", length).isEqualTo(read);
            } catch (CorruptDataException expected) {
                assertThat(expected.getMessage()).startsWith("tar at byte ");
            }
        }
    }

    @Test
    void nothingButCorruptDataComesOutOfDamagedArchives() throws Exception {
        byte[] tar = sample().tar();
        Random random = new Random(42);
        int refused = 0;
        for (int i = 0; i < 20_000; i++) {
            byte[] damaged = tar.clone();
            for (int flips = random.nextInt(3); flips >= 0; flips--) {
                damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
            }
            // A valid checksum lets the damage through to what lies behind it.
            for (int at = 0; at + 512 <= damaged.length && random.nextBoolean(); at += 512) {
                if (new String(damaged, at + 257, 5, UTF_8).equals("ustar")) {
                    repairChecksum(damaged, at);
                }
            }
            try {
                describe(damaged);
            } catch (CorruptDataException expected) {
                refused++;
            }
        }
        assertThat(refused).isBetween(1000, 19_999);
    }

    private static TarLayer sample() {
        return TarLayer.with().file("a/" + "n".repeat(120), "content").xattr("user.a", "b").owner(3_000_000, 5)
                .directory("d").symlink("g", "t".repeat(130)).gnu().hardLink("h", "d/x").characterDevice("c", 1, 3)
                .file("s", Arrays.copyOf("1\n100\n88\n".getBytes(UTF_8), 600)).pax("GNU.sparse.major", "1").pax("GNU.sparse.minor", "0").pax("GNU.sparse.realsize", "300")
                .file("end", "x".repeat(700)).gnu();
    }

    private static void repairChecksum(byte[] tar, int at) {
        int sum = 0;
        for (int i = 0; i < 512; i++) {
            sum += i >= 148 && i < 156 ? ' ' : tar[at + i] & 0xFF;
        }
        System.arraycopy("%06o\0 ".formatted(sum).getBytes(UTF_8), 0, tar, at + 148, 8);
    }

    private List<String> describe(byte[] tar) throws IOException {
        TarReader reader = reader(tar);
        List<String> described = new ArrayList<>();
        for (var entry = reader.next(); entry.isPresent(); entry = reader.next()) {
            TarEntry e = entry.get();
            long length = e.size() < 1 << 20 ? reader.body().readAllBytes().length : -1;
            described.add("%s %s %s %d %d".formatted(e.kind(), e.name(), e.linkName(), e.size(), length));
            if (length >= 0) {
                assertThat(length).isEqualTo(e.size());
            }
        }
        reader.drain();
        return described;
    }

    private void assertRefused(TarLayer layer, String message) {
        assertThatThrownBy(() -> describe(layer.tar())).isInstanceOf(CorruptDataException.class)
                .hasMessageStartingWith("tar at byte ").hasMessageContaining(message);
    }

    private void assertContents(byte[] tar, byte[]... expected) throws IOException {
        TarReader reader = reader(tar);
        for (byte[] content : expected) {
            assertThat(reader.next()).hasValueSatisfying(entry -> assertThat(entry.size()).isEqualTo(content.length));
            assertThat(reader.body().readAllBytes()).isEqualTo(content);
        }
        assertThat(reader.next()).isEmpty();
    }

    private static byte[] part(long offset, long length) {
        return "%011o\0%011o\0".formatted(offset, length).getBytes(UTF_8);
    }

    private List<TarEntry> entries(TarLayer layer) throws IOException {
        return entries(layer.tar());
    }

    private List<TarEntry> entries(byte[] tar) throws IOException {
        TarReader reader = reader(tar);
        List<TarEntry> entries = new ArrayList<>();
        for (var entry = reader.next(); entry.isPresent(); entry = reader.next()) {
            entries.add(entry.get());
        }
        return entries;
    }

    private TarReader reader(byte[] tar) {
        return new TarReader(new BufferedInputStream(new ByteArrayInputStream(tar)), notices::add);
    }

}
