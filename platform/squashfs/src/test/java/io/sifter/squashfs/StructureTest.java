package io.sifter.squashfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.tree.Compression.Codec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class StructureTest {
    private static final int BLOCK = 4096;
    private static final Superblock SUPERBLOCK = new Superblock(
            1000, 0xFFFF_FFFFL, BLOCK, 12, Codec.GZIP, 0x00C0, 3, 5 << 16 | 7, 900_000, 800_000, 850_000, 500_000,
            600_000, 700_000, 750_000);
    private static final Inode.Header HEADER = new Inode.Header(07755, 2, 1, 0xFFFF_FFFEL, 1000);

    @Test
    void theSuperblockHas96BytesInThisOrder() throws Exception {
        byte[] bytes = write(SUPERBLOCK::write);
        var at = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);

        assertThat(bytes).hasSize(Superblock.SIZE).startsWith('h', 's', 'q', 's');
        assertThat(at.getInt(4)).isEqualTo(1000);
        assertThat(at.getInt(12)).isEqualTo(BLOCK);
        assertThat(at.getInt(16)).isEqualTo(12);
        assertThat(at.getShort(20)).isEqualTo((short) 1);
        assertThat(at.getShort(22)).isEqualTo((short) 12);
        assertThat(at.getShort(26)).isEqualTo((short) 3);
        assertThat(at.getShort(28)).isEqualTo((short) 4);
        assertThat(at.getLong(40)).isEqualTo(900_000);
        assertThat(at.getLong(48)).isEqualTo(800_000);
        assertThat(at.getLong(56)).isEqualTo(850_000);
        assertThat(at.getLong(64)).isEqualTo(500_000);
        assertThat(at.getLong(72)).isEqualTo(600_000);
        assertThat(at.getLong(80)).isEqualTo(700_000);
        assertThat(at.getLong(88)).isEqualTo(750_000);
        assertThat(Superblock.read(input(bytes))).isEqualTo(SUPERBLOCK);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0, not a SquashFS", "4, 0, no inodes", "12, 5000, block size", "12, 8192, block size", "16, 0, ''",
        "20, 7, compressor 7", "26, 0, owners", "28, 3, 3.0", "40, 700, end", "48, -1, id table",
        "56, 1, xattr table", "64, -1, inode table", "72, 400000, directory table", "80, 9, fragment table"
    })
    void aSuperblockThatContradictsItselfIsRefused(int offset, long value, String reason) throws Exception {
        byte[] bytes = write(SUPERBLOCK::write);
        var at = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (offset >= 40) {
            at.putLong(offset, value);
        } else if (offset >= 20) {
            at.putShort(offset, (short) value);
        } else {
            at.putInt(offset, (int) value);
        }
        if (reason.isEmpty()) {
            assertThat(Superblock.read(input(bytes)).fragments()).isEqualTo(value);
        } else {
            assertThatThrownBy(() -> Superblock.read(input(bytes)))
                    .isInstanceOf(CorruptDataException.class)
                    .hasMessageContaining(reason);
        }
    }

    static Stream<Inode> inodes() {
        int[] words = {700, 1 << 24 | BLOCK, 0};
        return Stream.of(
                new Inode.Directory(HEADER, 2, 0, 5, 6, 7, Inode.NONE, List.of()),
                new Inode.Directory(HEADER, 9, 65532, 5, 6, 7, Inode.NONE, List.of()),
                new Inode.Directory(HEADER, 9, 65533, 5, 6, 7, Inode.NONE, List.of()),
                new Inode.Directory(HEADER, 9, 100, 5, 6, 7, 3, List.of()),
                new Inode.Directory(HEADER, 9, 9000, 5, 8191, 7, Inode.NONE,
                        List.of(new DirectoryIndex(8100, 400, "name"), new DirectoryIndex(8900, 500, "x".repeat(255)))),
                new Inode.File(HEADER, 0, 0, 0, 1, Inode.NONE, 0, Inode.NONE, new int[0]),
                new Inode.File(HEADER, 96, 3 * BLOCK, 0, 1, Inode.NONE, 0, Inode.NONE, words),
                new Inode.File(HEADER, 96, 3 * BLOCK + 5, BLOCK, 1, 11, 4000, Inode.NONE, words),
                new Inode.File(HEADER, 96, 3 * BLOCK - 1, 0, 7, Inode.NONE, 0, Inode.NONE, words),
                new Inode.File(HEADER, 96, 3 * BLOCK, 0, 1, Inode.NONE, 0, 8, words),
                new Inode.Symlink(HEADER, 2, "target", Inode.NONE),
                new Inode.Symlink(HEADER, 1, "t".repeat(4095), 4),
                new Inode.Device(HEADER, InodeKind.BLOCK_DEVICE, 1, 300, 70000, Inode.NONE),
                new Inode.Device(HEADER, InodeKind.CHARACTER_DEVICE, 1, 4095, 1048575, 0),
                new Inode.Device(HEADER, InodeKind.BLOCK_DEVICE, 2, 0, 0, 1),
                new Inode.Device(HEADER, InodeKind.CHARACTER_DEVICE, 1, 1, 3, Inode.NONE),
                new Inode.Special(HEADER, InodeKind.FIFO, 1, Inode.NONE),
                new Inode.Special(HEADER, InodeKind.FIFO, 1, 1),
                new Inode.Special(HEADER, InodeKind.SOCKET, 3, Inode.NONE),
                new Inode.Special(HEADER, InodeKind.SOCKET, 1, 1));
    }

    @ParameterizedTest
    @MethodSource("inodes")
    void everyInodeIsReadAsItWasWritten(Inode inode) throws Exception {
        byte[] bytes = write(inode::write);
        var in = input(bytes);
        Inode read = Inode.read(in, SUPERBLOCK);

        assertThat(in.remaining()).isZero();
        assertThat(read).usingRecursiveComparison().isEqualTo(inode);
        assertThat(bytes[0]).isEqualTo((byte) (inode.isExtended()
                ? inode.kind().extendedType()
                : inode.kind().basicType()));
    }

    @ParameterizedTest
    @MethodSource("inodes")
    void anInodeCutOffAnywhereIsRefused(Inode inode) throws Exception {
        byte[] bytes = write(inode::write);
        for (int length = 0; length < bytes.length; length++) {
            byte[] part = Arrays.copyOf(bytes, length);
            assertThatThrownBy(() -> Inode.read(input(part), SUPERBLOCK)).isInstanceOf(CorruptDataException.class);
        }
    }

    @Test
    void anInodeOfRandomBytesIsReadOrRefusedButNothingElse() throws Exception {
        var random = new Random(5);
        int read = 0;
        for (int i = 0; i < 200_000; i++) {
            byte[] bytes = new byte[40 + random.nextInt(100)];
            random.nextBytes(bytes);
            bytes[0] = (byte) random.nextInt(16);
            bytes[1] = 0;
            Arrays.fill(bytes, 2, 8, (byte) 0);
            bytes[13] = 0;
            bytes[14] = 0;
            bytes[15] = 0;
            if (random.nextBoolean()) {
                Arrays.fill(bytes, 20, 40, (byte) 0);
            }
            try {
                Inode.read(input(bytes), SUPERBLOCK);
                read++;
            } catch (CorruptDataException refused) {
                assertThat(refused).hasMessageContaining("test, byte");
            }
        }
        assertThat(read).isPositive();
    }

    @Test
    void aDeviceNumberIsPackedAsTheKernelDoes() throws Exception {
        byte[] bytes = write(new Inode.Device(HEADER, InodeKind.BLOCK_DEVICE, 1, 300, 70000, Inode.NONE)::write);
        assertThat(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(bytes.length - 4)).isEqualTo(0x11112C70);
    }

    @Test
    void fileInodesThatCannotBeAreRefused() throws Exception {
        int[] none = {};
        int[] one = {100};
        assertRefused(new Inode.File(HEADER, 96, BLOCK, 0, 1, 3, 0, Inode.NONE, one), "tail");
        assertRefused(new Inode.File(HEADER, 96, 100, 0, 1, 3, BLOCK - 99, Inode.NONE, none), "tail");
        assertRefused(new Inode.File(HEADER, 96, 100, 0, 1, 3, 0xFFFF_FFF0L, Inode.NONE, none), "tail");
        assertRefused(new Inode.File(HEADER, 96, 100, 0, 1, 12, 0, Inode.NONE, none), "fragment 12 of 12");
        assertRefused(new Inode.File(HEADER, 96, -1, 0, 2, Inode.NONE, 0, Inode.NONE, none), "size");
        assertRefused(new Inode.File(HEADER, 96, 1L << 50, 0, 2, Inode.NONE, 0, Inode.NONE, none), "announced");
        assertRefused(new Inode.File(HEADER, 96, 100, 0, 1, Inode.NONE, 0, Inode.NONE, new int[] {BLOCK + 1}), "00001001");
        assertRefused(new Inode.File(HEADER, 96, 100, 0, 1, Inode.NONE, 0, Inode.NONE, new int[] {1 << 25 | 1}), "02000001");
        assertRefused(new Inode.File(HEADER, 5, 100, 0, 1, Inode.NONE, 0, Inode.NONE, one), "start at 5");
        assertRefused(new Inode.File(HEADER, 499_901, 100, 0, 1, Inode.NONE, 0, Inode.NONE, one), "ends at 500000");
        assertRefused(new Inode.File(HEADER, -96, 100, 0, 2, Inode.NONE, 0, Inode.NONE, one), "start at 18446744073709551520");
    }

    @Test
    void headersThatCannotBeAreRefused() throws Exception {
        assertRefused(new Inode.Special(new Inode.Header(010000, 0, 0, 0, 1), InodeKind.FIFO, 1, Inode.NONE), "010000");
        assertRefused(new Inode.Special(new Inode.Header(0, 3, 0, 0, 1), InodeKind.FIFO, 1, Inode.NONE), "owners 3");
        assertRefused(new Inode.Special(new Inode.Header(0, 0, 0, 0, 0), InodeKind.FIFO, 1, Inode.NONE), "number 0");
        assertRefused(new Inode.Special(new Inode.Header(0, 0, 0, 0, 1001), InodeKind.FIFO, 1, Inode.NONE), "1001 of 1000");
        assertRefused(new Inode.Symlink(HEADER, 1, "", Inode.NONE), "0 bytes");
        assertRefused(new Inode.Symlink(HEADER, 1, "t".repeat(4096), Inode.NONE), "4096");
        assertRefused(new Inode.Symlink(HEADER, 1, "a\0b", Inode.NONE), "NUL");
    }

    @Test
    void directoryEntriesAreReadAsTheyWereWritten() throws Exception {
        var header = new DirectoryHeader(256, 0xFFFF_FFFFL, 5);
        assertThat(DirectoryHeader.read(input(write(header::write)))).isEqualTo(header);
        assertThat(write(header::write)).hasSize(DirectoryHeader.SIZE);
        var entry = new DirectoryEntry(8191, -32768, InodeKind.SOCKET, "n".repeat(255));
        assertThat(DirectoryEntry.read(input(write(entry::write)))).isEqualTo(entry);
        assertThat(write(entry::write)).hasSize(entry.size());
    }

    @ParameterizedTest
    @CsvSource({"., reserved", ".., reserved", "a/b, slash", "'a\0b', NUL"})
    void namesThatLeadElsewhereAreRefused(String name, String reason) throws Exception {
        byte[] bytes = write(new DirectoryEntry(0, 0, InodeKind.FILE, name)::write);
        assertThatThrownBy(() -> DirectoryEntry.read(input(bytes)))
                .isInstanceOf(CorruptDataException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void smallStructuresAreReadAsTheyWereWritten() throws Exception {
        var fragment = new FragmentEntry(1L << 40, 1 << 24 | BLOCK);
        assertThat(FragmentEntry.read(input(write(fragment::write)), BLOCK)).isEqualTo(fragment);
        assertThat(write(fragment::write)).hasSize(FragmentEntry.SIZE);
        var table = new XattrTableHeader(5000, 7);
        assertThat(XattrTableHeader.read(input(write(table::write)))).isEqualTo(table);
        assertThat(write(table::write)).hasSize(XattrTableHeader.SIZE);
        var set = new XattrSet(9L << 16 | 5, 2, 40);
        assertThat(XattrSet.read(input(write(set::write)))).isEqualTo(set);
        assertThat(write(set::write)).hasSize(XattrSet.SIZE);
        for (String name : List.of("user.a", "trusted.b.c", "security.capability")) {
            for (boolean elsewhere : new boolean[] {false, true}) {
                var xattr = new XattrName(name, elsewhere);
                assertThat(XattrName.read(input(write(xattr::write)))).isEqualTo(xattr);
            }
        }
        var value = new XattrValue(new byte[] {1, 2, 3});
        assertThat(XattrValue.read(input(write(value::write))).bytes()).isEqualTo(value.bytes());
        var options = new CompressorOptions(Codec.ZSTD, 19);
        assertThat(CompressorOptions.read(input(write(options::write)), Codec.ZSTD)).isEqualTo(options);
    }

    @Test
    void locationsMustAscendInStepsOfABlockAtMost() throws Exception {
        long[] good = {100, 8294, 8297};
        byte[] bytes = write(out -> LocationList.write(out, good));
        assertThat(LocationList.read(input(bytes), 3, 8300)).isEqualTo(good);
        assertThatThrownBy(() -> LocationList.read(input(bytes), 4, 8300)).isInstanceOf(CorruptDataException.class);
        assertThatThrownBy(() -> LocationList.read(input(bytes), 3, 8297)).isInstanceOf(CorruptDataException.class);
        assertThatThrownBy(() -> LocationList.read(input(bytes), 3, 20000)).isInstanceOf(CorruptDataException.class);
        byte[] far = write(out -> LocationList.write(out, new long[] {100, 8295}));
        assertThatThrownBy(() -> LocationList.read(input(far), 2, 8300)).isInstanceOf(CorruptDataException.class);
        assertThat(LocationList.length(0, 4)).isZero();
        assertThat(LocationList.length(2048, 4)).isEqualTo(1);
        assertThat(LocationList.length(2049, 4)).isEqualTo(2);
    }

    private static void assertRefused(Inode inode, String reason) throws IOException {
        byte[] bytes = write(inode::write);
        assertThatThrownBy(() -> Inode.read(input(bytes), SUPERBLOCK))
                .isInstanceOf(CorruptDataException.class)
                .hasMessageContaining(reason);
    }

    private interface Writing {
        void to(FieldOutput out) throws IOException;
    }

    private static byte[] write(Writing writing) throws IOException {
        var out = new FieldOutput.ToArray();
        writing.to(out);
        return out.toBytes();
    }

    private static FieldInput input(byte[] bytes) {
        return new FieldInput.OfArray(bytes, "test");
    }
}
