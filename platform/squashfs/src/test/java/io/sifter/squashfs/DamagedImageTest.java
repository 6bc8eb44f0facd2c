package io.sifter.squashfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.tree.Compression;
import io.sifter.spi.tree.Compression.Codec;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.FileTree;
import io.sifter.spi.tree.Node;
import io.sifter.spi.tree.RegularFile;
import io.sifter.testkit.Peers;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Images that lie. Nobody may ever mount one of them: kernels have died of such. */
@Timeout(300)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DamagedImageTest {
    private static final int BLOCK = 4096;
    private static final String RAW = "-noI -noD -noF -noX -noId -b 4096";

    /** What reading a small image may allocate in all, whatever it claims. */
    private static final long MEMORY = 48 << 20;

    private Path directory;
    private Path source;

    @BeforeAll
    void makeSource(@TempDir Path temporary) throws Exception {
        Peers.programs("mksquashfs", "setfattr", "ln");
        directory = temporary;
        source = temporary.resolve("source");
        Files.createDirectories(source.resolve("d/e/f"));
        Files.write(source.resolve("blocks"), BlockPackWriterTest.noise(3 * BLOCK, 1));
        Files.write(source.resolve("odd"), BlockPackWriterTest.text(2 * BLOCK + 100, 2));
        Files.write(source.resolve("small"), BlockPackWriterTest.text(1000, 3));
        Files.write(source.resolve("d/zeros"), new byte[2 * BLOCK]);
        Files.write(source.resolve("d/e/tail"), BlockPackWriterTest.noise(50, 4));
        Files.createSymbolicLink(source.resolve("link"), Path.of("d/e/tail"));
        Files.createLink(source.resolve("hard"), source.resolve("small"));
        Files.createDirectories(source.resolve("many"));
        for (int i = 0; i < 300; i++) {
            Files.write(source.resolve("many/a-name-of-some-length-" + (1000 + i)), new byte[0]);
        }
        Peers.run("setfattr", "-n", "user.short", "-v", "value", source.resolve("small").toString()).ok();
        Peers.run("setfattr", "-n", "user.long", "-v", "v".repeat(500), source.resolve("odd").toString()).ok();
        Peers.run("setfattr", "-n", "user.long", "-v", "v".repeat(500), source.resolve("d").toString()).ok();
        Peers.run("setfattr", "-n", "user.other", "-v", "1", source.resolve("d").toString()).ok();
    }

    /** An image in memory with all its structures in the open, and where they are. */
    private static final class Bytes {
        final ByteBuffer at;
        final Superblock superblock;
        private final Image image;

        Bytes(byte[] bytes, Image image) {
            this.at = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            this.image = image;
            this.superblock = image.superblock;
        }

        int inode(String path) throws IOException {
            return (int) inTable(superblock.inodeTable(), reference(path));
        }

        long reference(String path) throws IOException {
            long reference = superblock.root();
            for (String name : path.split("/")) {
                if (!name.isEmpty()) {
                    reference = entry(reference, name).reference();
                }
            }
            return reference;
        }

        /** Where an entry is. */
        int entry(String path) throws IOException {
            int slash = path.lastIndexOf('/');
            long parent = reference(slash < 0 ? "" : path.substring(0, slash));
            return (int) inTable(superblock.directoryTable(), entry(parent, path.substring(slash + 1)).position());
        }

        /** Where the header of a directory's first run is. */
        int listing(String path) throws IOException {
            var inode = (Inode.Directory) image.inode(reference(path), image.inodes());
            return (int) inTable(superblock.directoryTable(), MetadataBlock.reference(inode.block(), inode.offset()));
        }

        int xattrPairs() throws IOException {
            return (int) inTable(image.xattrHeader.start(), image.xattrSet(0).reference());
        }

        int xattrSets() {
            return (int) image.xattrSets.start() + MetadataBlock.HEADER_SIZE;
        }

        int fragments() {
            return (int) image.fragments.start() + MetadataBlock.HEADER_SIZE;
        }

        private record Found(long reference, long position) {}

        private Found entry(long parent, String name) throws IOException {
            MetadataCursor cursor = image.directories();
            var listing = new Listing(cursor, (Inode.Directory) image.inode(parent, image.inodes()));
            while (listing.next()) {
                if (listing.name().equals(name)) {
                    long end = cursor.reference();
                    return new Found(listing.reference(), end - DirectoryEntry.FIXED_SIZE - name.length());
                }
            }
            throw new AssertionError(name);
        }

        private static long inTable(long table, long reference) {
            return table + MetadataBlock.block(reference) + MetadataBlock.HEADER_SIZE + MetadataBlock.offset(reference);
        }
    }

    private interface Change {
        void in(Bytes image) throws IOException;
    }

    /** One lie each; offsets in structures as in doc/squashfs.md. */
    private enum Lie {
        MAGIC("magic number", i -> i.at.putInt(0, 0x53515348)),
        VERSION("SquashFS 4.1", i -> i.at.putShort(30, (short) 1)),
        BLOCK_SIZE("block size is 8192", i -> i.at.putInt(12, 8192)),
        BLOCK_LOGARITHM("logarithm 21", i -> i.at.putInt(12, 1 << 21).putShort(22, (short) 21)),
        COMPRESSOR("compressor 9", i -> i.at.putShort(20, (short) 9)),
        SIZE_BEYOND_THE_FILE("truncated", i -> i.at.putLong(40, i.at.capacity() + 1)),
        SIZE_TOO_LARGE("list of the xattr table", i -> i.at.putLong(40, i.superblock.size() + 1)),
        SIZE_TOO_SMALL("list of the xattr table", i -> i.at.putLong(40, i.superblock.size() - 1)),
        SIZE_NEGATIVE("before", i -> i.at.putLong(40, Long.MIN_VALUE)),
        NO_OWNERS("no owners", i -> i.at.putShort(26, (short) 0)),
        TOO_MANY_OWNERS("65535 owners", i -> i.at.putShort(26, (short) 65535)),
        MORE_OWNERS("block 0 of the id table", i -> i.at.putShort(26, (short) (i.superblock.ids() + 1))),
        NO_INODES("no inodes", i -> i.at.putInt(4, 0)),
        ALL_INODES("4294967295 inodes", i -> i.at.putInt(4, -1)),
        MORE_INODES("export table", i -> i.at.putInt(4, (int) i.superblock.inodes() + 1)),
        FEWER_INODES("number 311 of 310", i -> i.at.putInt(4, (int) i.superblock.inodes() - 1)),
        NO_FRAGMENTS("directory table", i -> i.at.putInt(16, 0)),
        MORE_FRAGMENTS("fragment table", i -> i.at.putInt(16, 2)),
        MANY_FRAGMENTS("fragment blocks", i -> i.at.putInt(16, 600)),
        ALL_FRAGMENTS("4294967295 fragment blocks", i -> i.at.putInt(16, -1)),
        FRAGMENTS_NOWHERE("fragment table", i -> i.at.putLong(80, -1)),
        INODES_AFTER_DIRECTORIES("directory table", i -> i.at.putLong(64, i.superblock.directoryTable() + 1)),
        NO_INODE_TABLE("0 can be there", i -> i.at.putLong(64, i.superblock.directoryTable())),
        DIRECTORIES_AFTER_FRAGMENTS("directory table", i -> i.at.putLong(72, i.superblock.fragmentTable())),
        TABLE_NEGATIVE("inode table", i -> i.at.putLong(64, Long.MIN_VALUE + 96)),
        IDS_NEGATIVE("id table", i -> i.at.putLong(48, -8)),
        IDS_BESIDE("list of the id table", i -> i.at.putLong(48, i.superblock.idTable() - 1)),
        XATTRS_FORGOTTEN("list of the id table", i -> i.at.putLong(56, -1)),
        ROOT_IS_A_FILE("root is not a directory", i -> i.at.putLong(32, i.reference("small"))),
        ROOT_OUTSIDE("inode table", i -> i.at.putLong(32, 0xFFFF_FFFFL << 16)),
        ROOT_IN_NO_BLOCK("byte 8193", i -> i.at.putLong(32, 8193)),
        OPTIONS_MISSING("compressor options", i -> i.at.putShort(24, (short) (i.superblock.flags() | 0x400))),

        ID_LOCATION_BESIDE("list of the export table", i -> i.at.putLong((int) i.superblock.idTable(), i.superblock.idTable() - 3)),
        ID_LOCATION_BEYOND("a table", i -> i.at.putLong((int) i.superblock.idTable(), i.superblock.idTable() + 3)),
        ID_LOCATION_NEGATIVE("a table", i -> i.at.putLong((int) i.superblock.idTable(), -1)),
        FRAGMENT_LOCATION_FAR("a table", i -> i.at.putLong((int) i.superblock.fragmentTable(), 96)),
        XATTR_LOCATION_BEYOND("a table", i -> i.at.putLong((int) i.superblock.xattrTable() + 16, 1L << 62)),
        NO_XATTR_SETS("0 sets", i -> i.at.putInt((int) i.superblock.xattrTable() + 8, 0)),
        ALL_XATTR_SETS("xattr table", i -> i.at.putInt((int) i.superblock.xattrTable() + 8, -1)),
        XATTRS_START_LATE("names of extended", i -> i.at.putLong((int) i.superblock.xattrTable(), i.superblock.size())),

        EMPTY_BLOCK("length is 0", i -> i.at.putShort((int) i.superblock.inodeTable(), (short) 0x8000)),
        LONG_BLOCK("length is 8193", i -> i.at.putShort((int) i.superblock.inodeTable(), (short) 0xA001)),
        SHORT_BLOCK("inode table", i -> i.at.putShort((int) i.superblock.inodeTable(), (short) 0x9000)),
        COMPRESSED_NOISE("inode table", i -> i.at.putShort((int) i.superblock.inodeTable(), (short) 8192)),

        TYPE_0("type 0", i -> i.at.putShort(i.inode("small"), (short) 0)),
        TYPE_15("type 15", i -> i.at.putShort(i.inode("small"), (short) 15)),
        OTHER_TYPE("leads to", i -> i.at.putShort(i.inode("link"), (short) 6)),
        TYPE_IN_MODE("permissions", i -> i.at.putShort(i.inode("small") + 2, (short) 0100644)),
        OWNER("owners 65535", i -> i.at.putShort(i.inode("small") + 4, (short) -1)),
        GROUP("owners", i -> i.at.putShort(i.inode("small") + 6, (short) i.superblock.ids())),
        NUMBER_0("number 0", i -> i.at.putInt(i.inode("small") + 12, 0)),
        NUMBER_TOO_LARGE("has the number", i -> i.at.putInt(i.inode("small") + 12, (int) i.superblock.inodes() + 1)),
        NUMBER_OF_ANOTHER("with the number", i -> i.at.putInt(i.inode("small") + 12, 1)),
        WORD_WITH_BIT_25("size word 0x03", i -> i.at.putInt(i.inode("blocks") + 32, 0x03000100)),
        WORD_TOO_LONG("size word 0x01001001", i -> i.at.putInt(i.inode("blocks") + 32, 0x01001001)),
        WORD_RAW_AND_EMPTY("size word 0x01000000", i -> i.at.putInt(i.inode("blocks") + 32, 0x01000000)),
        START_IN_SUPERBLOCK("start at 0", i -> i.at.putInt(i.inode("blocks") + 16, 0)),
        START_BEYOND("the data ends", i -> i.at.putInt(i.inode("blocks") + 16, (int) i.superblock.inodeTable() - 5)),
        HUGE("longer than the table", i -> i.at.putInt(i.inode("blocks") + 28, -1)),
        FRAGMENT_NUMBER("fragment 1 of 1", i -> i.at.putInt(i.inode("d/e/tail") + 20, 1)),
        FRAGMENT_OFFSET_THAT_KILLS_KERNELS("tail", i -> i.at.putInt(i.inode("d/e/tail") + 24, 0xFFFFFFF0)),
        TAIL_BEYOND_FRAGMENT("at offset 4046", i -> i.at.putInt(i.inode("d/e/tail") + 24, BLOCK - 50)),
        FRAGMENT_OF_A_FULL_BLOCK("a file of 4096 bytes", i -> i.at.putInt(i.inode("d/e/tail") + 28, BLOCK)),
        FRAGMENT_EMPTY("size word 0x00000000", i -> i.at.putInt(i.fragments() + 8, 0)),
        FRAGMENT_TOO_LONG("size word 0x01001001", i -> i.at.putInt(i.fragments() + 8, 0x01001001)),
        FRAGMENT_BEYOND("the data ends", i -> i.at.putLong(i.fragments(), i.superblock.inodeTable())),
        FRAGMENT_NEGATIVE("starts at 9223372036854775808", i -> i.at.putLong(i.fragments(), Long.MIN_VALUE)),
        FRAGMENT_SHORTER("fragment block 0", i -> i.at.putInt(i.fragments() + 8, 0x01000010)),
        TARGET_EMPTY("0 bytes long", i -> i.at.putInt(i.inode("link") + 20, 0)),
        TARGET_LONG("5000 bytes long", i -> i.at.putInt(i.inode("link") + 20, 5000)),
        TARGET_ENDLESS("4294967295 bytes long", i -> i.at.putInt(i.inode("link") + 20, -1)),
        TARGET_WITH_NUL("NUL", i -> i.at.put(i.inode("link") + 26, (byte) 0)),

        DIRECTORY_SMALLER_THAN_ITS_DOTS("size 2", i -> i.at.putShort(i.inode("d/e") + 24, (short) 2)),
        DIRECTORY_TOO_SHORT("go on until", i -> i.at.putShort(i.inode("d/e") + 24, (short) 10)),
        DIRECTORY_TOO_LONG("", i -> i.at.putShort(i.inode("d/e") + 24, (short) 0xFFFF)),
        LISTING_IN_NO_BLOCK("offset 8192", i -> i.at.putShort(i.inode("d/e") + 26, (short) 8192)),
        LISTING_OUTSIDE("directory table", i -> i.at.putInt(i.inode("d/e") + 16, -1)),
        RUN_TOO_LONG("257 entries", i -> i.at.putInt(i.listing("d/e"), 256)),
        RUN_ENDLESS("4294967296 entries", i -> i.at.putInt(i.listing("d/e"), -1)),
        RUN_LONGER("go on until", i -> i.at.putInt(i.listing("d/e"), 7)),
        RUN_ELSEWHERE("inode table", i -> i.at.putInt(i.listing("d/e") + 4, -1)),
        RUN_WITH_OTHER_NUMBERS("number", i -> i.at.putInt(i.listing("d/e") + 8, 77)),
        ENTRY_IN_NO_BLOCK("offset 65535", i -> i.at.putShort(i.entry("d/e/tail"), (short) -1)),
        ENTRY_OF_NO_TYPE("type 0", i -> i.at.putShort(i.entry("d/e/tail") + 4, (short) 0)),
        ENTRY_OF_EXTENDED_TYPE("type 9", i -> i.at.putShort(i.entry("d/e/tail") + 4, (short) 9)),
        ENTRY_OF_OTHER_TYPE("leads to", i -> i.at.putShort(i.entry("d/e/tail") + 4, (short) 3)),
        NAME_TOO_LONG("65536 bytes long", i -> i.at.putShort(i.entry("d/e/tail") + 6, (short) -1)),
        NAME_OF_256("256 bytes long", i -> i.at.putShort(i.entry("d/e/tail") + 6, (short) 255)),
        NAME_WITH_SLASH("slash", i -> i.at.put(i.entry("d/e/tail") + 9, (byte) '/')),
        NAME_WITH_NUL("NUL", i -> i.at.put(i.entry("d/e/tail") + 9, (byte) 0)),
        NAME_OF_ITSELF("reserved", i -> i.at.put(i.entry("d/e") + 8, (byte) '.')),
        NAMES_UNSORTED("not sorted", i -> i.at.put(i.entry("hard") + 8, (byte) 'A')),
        NAME_TWICE("not sorted", i -> i.at.putInt(i.entry("hard") + 8, i.at.getInt(i.entry("link") + 8))),
        LOOP("is found again", DamagedImageTest::pointToParent),
        DIRECTORY_TWICE("is found again", i -> i.at.putInt(i.inode("d/e") + 16, i.at.getInt(i.inode("d") + 24))
                .putShort(i.inode("d/e") + 24, (short) (i.at.getInt(i.inode("d") + 20)))
                .putShort(i.inode("d/e") + 26, i.at.getShort(i.inode("d") + 34))),
        LISTING_SHARED("listings are longer", i -> i.at.putInt(i.inode("d/e") + 16, i.at.getInt(i.inode("many") + 24))
                .putShort(i.inode("d/e") + 24, (short) (i.at.getInt(i.inode("many") + 20)))
                .putShort(i.inode("d/e") + 26, i.at.getShort(i.inode("many") + 34))),
        INDEX_BESIDE("index", i -> i.at.putInt(i.inode("many") + 40, i.at.getInt(i.inode("many") + 40) + 1)),
        INDEX_BEYOND("index", i -> i.at.putInt(i.inode("many") + 40, -1)),
        INDEX_OF_ANOTHER_BLOCK("index", i -> i.at.putInt(i.inode("many") + 44, 0)),
        INDEX_OF_ANOTHER_NAME("index", i -> i.at.put(i.inode("many") + 52, (byte) 'A')),
        INDEX_ENDLESS("index", i -> i.at.putShort(i.inode("many") + 32, (short) -1)),
        EXPORT_OF_ANOTHER("export table says", i -> i.at.putLong(
                (int) i.image.exports.start() + 2, i.at.getLong((int) i.image.exports.start() + 10))),

        XATTR_NUMBER("extended attributes 77", i -> i.at.putInt(i.inode("small") + 52, 77)),
        XATTR_SET_OUTSIDE("xattr table", i -> i.at.putLong(i.xattrSets(), 1L << 40)),
        XATTR_SET_IN_NO_BLOCK("offset 65535", i -> i.at.putLong(i.xattrSets(), 0xFFFF)),
        XATTR_SET_ENDLESS("", i -> i.at.putInt(i.xattrSets() + 8, -1)),
        XATTR_TYPE("type 0x9", i -> i.at.putShort(i.xattrPairs(), (short) 9)),
        XATTR_NAME_EMPTY("0 bytes long", i -> i.at.putShort(i.xattrPairs() + 2, (short) 0)),
        XATTR_NAME_LONG("65535 bytes long", i -> i.at.putShort(i.xattrPairs() + 2, (short) -1));

        private final String message;
        private final Change change;

        Lie(String message, Change change) {
            this.message = message;
            this.change = change;
        }
    }

    @ParameterizedTest
    @EnumSource(Lie.class)
    void everyLieIsFoundWithoutReadingContent(Lie lie) throws Exception {
        Path image = changed(lie.change);
        try (FileChannel channel = FileChannel.open(image)) {
            assertThatThrownBy(() -> {
                        try (var reader = SquashFsReader.open(channel, 0, channel.size())) {
                            reader.check();
                        }
                    })
                    .isInstanceOf(CorruptDataException.class)
                    .hasMessageContaining(lie.message);
            readAll(channel, channel.size());
        }
    }

    @Test
    void theImagesThatAreChangedAreSound() throws Exception {
        try (FileChannel channel = FileChannel.open(changed(_ -> {}));
                var reader = SquashFsReader.open(channel, 0, channel.size())) {
            reader.check();
            reader.checkContent();
        }
    }

    @Test
    void aMessageNamesThePlace() throws Exception {
        Path image = changed(i -> i.at.putShort(i.entry("d/e/tail") + 4, (short) 0));
        try (FileChannel channel = FileChannel.open(image);
                var reader = SquashFsReader.open(channel, 0, channel.size())) {
            assertThatThrownBy(reader::check)
                    .hasMessageMatching("SquashFS directory table, block at byte \\d+, offset \\d+: "
                            + "a directory entry has the type 0 \\(in directory '/d/e'\\)");
        }
    }

    @Test
    void damagedContentIsFoundWhenContentIsChecked() throws Exception {
        Path image = copy(mksquashfs("-b 4096"));
        try (FileChannel channel = FileChannel.open(image, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[8]), Superblock.SIZE + 3 * BLOCK + 40);
            try (var reader = SquashFsReader.open(channel, 0, channel.size())) {
                assertThatCode(reader::check).doesNotThrowAnyException();
                assertThatThrownBy(reader::checkContent)
                        .isInstanceOf(CorruptDataException.class)
                        .hasMessageContaining("SquashFS block at byte ");
            }
        }
    }

    /** Linux fails to read such a file but lives; unsquashfs and a mere look at metadata find nothing. */
    @Test
    void aTailBeyondACompressedFragmentIsFoundWhenContentIsChecked() throws Exception {
        Path base = mksquashfs("-noI -noX -noId -noD -b 4096");
        Path image = changed(base, i -> i.at.putInt(i.inode("d/e/tail") + 24, BLOCK - 50));
        try (FileChannel channel = FileChannel.open(image);
                var reader = SquashFsReader.open(channel, 0, channel.size())) {
            assertThatCode(reader::check).doesNotThrowAnyException();
            assertThatThrownBy(reader::checkContent).hasMessageContaining("50 bytes at offset 4046");
            FileTree tree = reader.tree();
            var d = (Directory) tree.root().children().get("d");
            var tail = (RegularFile) ((Directory) d.children().get("e")).children().get("tail");
            drain((RegularFile) tree.root().children().get("small")); // from now on the fragment is in memory
            assertThatThrownBy(() -> drain(tail)).isInstanceOf(CorruptDataException.class);
            assertThatThrownBy(() -> reader.read(reader.lookup("d/e/tail").orElseThrow(), 100))
                    .isInstanceOf(CorruptDataException.class);
        }
    }

    @Test
    void aBlockShorterThanItsPartOfTheFileIsRefused() throws Exception {
        Path image = changed(i -> i.at.putInt(i.inode("blocks") + 40, 0x01000FFF));
        try (FileChannel channel = FileChannel.open(image);
                var reader = SquashFsReader.open(channel, 0, channel.size())) {
            assertThatThrownBy(reader::checkContent)
                    .isInstanceOf(CorruptDataException.class)
                    .hasMessageContaining("4095 bytes, 4096 are expected");
            assertThatThrownBy(() -> reader.read(reader.lookup("blocks").orElseThrow(), 3 * BLOCK))
                    .hasMessageContaining("4095 bytes, 4096 are expected");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {
            RAW, "-b 4096", "-b 4096 -comp xz", "-b 4096 -comp zstd", "-b 4096 -comp lz4", "-b 4096 -comp lzo"})
    void flippedBitsDoNoHarm(String options) throws Exception {
        Path image = copy(mksquashfs(options));
        var random = new Random(options.hashCode());
        int rounds = options.equals(RAW) ? 4000 : 800;
        try (FileChannel channel = FileChannel.open(image, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            long length = channel.size();
            Superblock superblock;
            try (Image sound = Image.open(channel, 0, length)) {
                superblock = sound.superblock;
            }
            for (int i = 0; i < rounds; i++) {
                long position = switch (random.nextInt(10)) {
                    case 0 -> random.nextInt(Superblock.SIZE);
                    case 1 -> random.nextLong(superblock.inodeTable());
                    default -> random.nextLong(superblock.inodeTable(), superblock.size());
                };
                var before = ByteBuffer.allocate(1);
                channel.read(before, position);
                byte flipped = (byte) (before.get(0) ^ 1 << random.nextInt(8));
                if (random.nextInt(4) == 0) {
                    flipped = (byte) random.nextInt();
                }
                channel.write(ByteBuffer.wrap(new byte[] {flipped}), position);
                try {
                    readAll(channel, length);
                } catch (Throwable e) {
                    throw new AssertionError("Byte %d became %d".formatted(position, flipped), e);
                }
                channel.write(before.flip(), position);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {RAW, "-b 4096"})
    void truncatedImagesAreRefused(String options) throws Exception {
        Path image = copy(mksquashfs(options));
        try (FileChannel channel = FileChannel.open(image, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            long claimed = channel.size();
            long size;
            try (Image sound = Image.open(channel, 0, claimed)) {
                size = sound.superblock.size();
            }
            for (long length = size - 1; length >= 0; length -= length > 4096 ? 97 : 7) {
                long shorter = length;
                assertThatThrownBy(() -> SquashFsReader.open(channel, 0, shorter)).isInstanceOf(CorruptDataException.class);
                channel.truncate(length);
                assertThatThrownBy(() -> {
                            try (var reader = SquashFsReader.open(channel, 0, claimed)) {
                                reader.checkContent();
                            }
                        })
                        .isInstanceOf(CorruptDataException.class);
                readAll(channel, claimed);
            }
        }
    }

    @Test
    void deepDirectoriesAreReadAndDeeperOnesRefused() throws Exception {
        assertThatCode(() -> checkChain(4096)).doesNotThrowAnyException();
        assertThatThrownBy(() -> checkChain(4097))
                .isInstanceOf(CorruptDataException.class)
                .hasMessageContaining("4096 deep");
    }

    private void checkChain(int depth) throws Exception {
        var root = new Directory(Tree.PLAIN);
        Directory at = root;
        for (int i = 0; i < depth; i++) {
            var next = new Directory(Tree.PLAIN);
            at.children().put("d", next);
            at = next;
        }
        Path image = directory.resolve("chain" + depth);
        try (var workers = Executors.newFixedThreadPool(1);
                FileChannel channel = FileChannel.open(
                        image, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            var compression = new Compression(Codec.GZIP, 1, BLOCK);
            long length = SquashFsWriter.write(
                    FileTree.of(root), channel, 0, SquashFsOptions.of(compression, 0, image), workers);
            try (var reader = SquashFsReader.open(channel, 0, length)) {
                reader.check();
                reader.tree();
            }
        }
    }

    /**
     * Does all that can be done with an image; whatever is wrong with it must be said in the right way, in little
     * memory, and what passes a check must keep what the check has promised.
     */
    private static void readAll(FileChannel channel, long length) throws IOException {
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        try (var reader = SquashFsReader.open(channel, 0, length)) {
            for (String path : List.of("/", "d/e/tail", "link", "many/a-name-of-some-length-1277", "odd", "small")) {
                attempt(() -> reader.lookup(path).ifPresent(stat -> use(reader, stat)));
                attempt(() -> reader.resolve(path).ifPresent(stat -> use(reader, stat)));
            }
            boolean sound = attempt(reader::check);
            boolean soundContent = attempt(reader::checkContent);
            boolean read = attempt(() -> drain(reader.tree().root()));
            boolean tree = attempt(reader::tree);
            assertThat(tree || !sound).as("a tree comes out of what passes the check").isTrue();
            assertThat(read || !soundContent).as("content that passes the check can be read").isTrue();
        } catch (CorruptDataException | UserException expected) {
            assertThat(expected.getMessage()).contains("SquashFS");
        }
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(MEMORY);
    }

    private interface Attempt {
        void run() throws IOException;
    }

    private static boolean attempt(Attempt attempt) throws IOException {
        try {
            attempt.run();
            return true;
        } catch (CorruptDataException | UserException expected) {
            return false;
        } catch (UncheckedIOException wrapped) {
            assertThat(wrapped.getCause()).isInstanceOfAny(CorruptDataException.class, UserException.class);
            return false;
        }
    }

    private static void use(SquashFsReader reader, Stat stat) {
        try {
            switch (stat.kind()) {
                case DIRECTORY -> reader.list(stat);
                case FILE -> reader.read(stat, 1 << 20);
                default -> stat.size();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void drain(Directory root) throws IOException {
        List<Directory> open = new ArrayList<>(List.of(root));
        while (!open.isEmpty()) {
            for (Node node : open.removeLast().children().values()) {
                if (node instanceof Directory directory) {
                    open.add(directory);
                } else if (node instanceof RegularFile file) {
                    drain(file);
                }
            }
        }
    }

    private static void drain(RegularFile file) throws IOException {
        byte[] chunk = new byte[8192];
        long left = Math.min(file.content().size(), 4 << 20);
        try (InputStream in = file.content().open()) {
            while (left > 0) {
                int count = in.read(chunk);
                assertThat(count).isPositive();
                left -= count;
            }
        }
    }

    /** Lets the entry for a directory lead to the directory that holds it. */
    private static void pointToParent(Bytes image) throws IOException {
        int entry = image.entry("d/e");
        int base = image.at.getInt(image.listing("d") + 8);
        image.at.putShort(entry, (short) MetadataBlock.offset(image.reference("d")));
        image.at.putShort(entry + 2, (short) (image.at.getInt(image.inode("d") + 12) - base));
        image.at.putInt(image.listing("d") + 4, (int) MetadataBlock.block(image.reference("d")));
    }

    private Path changed(Change change) throws Exception {
        return changed(mksquashfs(RAW), change);
    }

    private Path changed(Path base, Change change) throws Exception {
        byte[] bytes = Files.readAllBytes(base);
        try (FileChannel channel = FileChannel.open(base);
                Image image = Image.open(channel, 0, bytes.length)) {
            change.in(new Bytes(bytes, image));
        }
        return Files.write(Files.createTempFile(directory, "changed", ".sqfs"), bytes);
    }

    private Path copy(Path image) throws IOException {
        return Files.write(Files.createTempFile(directory, "copy", ".sqfs"), Files.readAllBytes(image));
    }

    private Path mksquashfs(String options) throws Exception {
        Path image = directory.resolve("base" + options.replace(' ', '_'));
        if (!Files.exists(image)) {
            List<String> command = new ArrayList<>(List.of(
                    "mksquashfs", source.toString(), image.toString(), "-noappend", "-quiet", "-no-progress",
                    "-all-root", "-all-time", "1000", "-mkfs-time", "1000"));
            command.addAll(Arrays.asList(options.split(" ")));
            Peers.run(command.toArray(String[]::new)).ok();
        }
        return image;
    }
}
