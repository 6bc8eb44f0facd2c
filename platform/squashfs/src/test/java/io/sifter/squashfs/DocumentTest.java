package io.sifter.squashfs;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.spi.tree.Compression.Codec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The document says what the code writes. */
class DocumentTest {
    private static final Inode.Header HEADER = new Inode.Header(0644, 0, 0, 0, 1);
    private static final long NONE = Inode.NONE;

    private interface Structure {
        void write(FieldOutput out) throws IOException;
    }

    @TestFactory
    Stream<DynamicTest> everyTableListsTheFieldsInDiskOrder() throws IOException {
        Map<String, List<String>> tables = tables();
        Map<String, Structure> structures = new HashMap<>();
        structures.put("Superblock", new Superblock(1, 0, 4096, 0, Codec.GZIP, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0)::write);
        structures.put("Compressor options", new CompressorOptions(Codec.ZSTD, 3)::write);
        structures.put("Inodes", out -> {
            out.u16(1);
            HEADER.write(out);
        });
        structures.put("Directory", new Inode.Directory(HEADER, 2, 0, 0, 0, 1, NONE, List.of())::writeBody);
        structures.put("Extended directory", new Inode.Directory(HEADER, 2, 0, 0, 0, 1, 0, List.of())::writeBody);
        int[] words = {1, 2, 3};
        structures.put("File", new Inode.File(HEADER, 0, 0, 0, 1, NONE, 0, NONE, words)::writeBody);
        structures.put("Extended file", new Inode.File(HEADER, 0, 0, 0, 2, NONE, 0, NONE, words)::writeBody);
        structures.put("Symlink", new Inode.Symlink(HEADER, 1, "there", NONE)::writeBody);
        structures.put("Extended symlink", new Inode.Symlink(HEADER, 1, "there", 0)::writeBody);
        structures.put("Device", new Inode.Device(HEADER, InodeKind.BLOCK_DEVICE, 1, 0, 0, NONE)::writeBody);
        structures.put("Extended device", new Inode.Device(HEADER, InodeKind.BLOCK_DEVICE, 1, 0, 0, 0)::writeBody);
        structures.put("Special", new Inode.Special(HEADER, InodeKind.FIFO, 1, NONE)::writeBody);
        structures.put("Extended special", new Inode.Special(HEADER, InodeKind.FIFO, 1, 0)::writeBody);
        structures.put("Directory header", new DirectoryHeader(1, 0, 0)::write);
        structures.put("Directory entry", new DirectoryEntry(0, 0, InodeKind.FILE, "entry")::write);
        structures.put("Directory index", new DirectoryIndex(0, 0, "entry")::write);
        structures.put("Fragment table", new FragmentEntry(0, 0)::write);
        structures.put("Xattr name", new XattrName("user.entry", false)::write);
        structures.put("Xattr value", new XattrValue(new byte[5])::write);
        structures.put("Xattr set", new XattrSet(0, 0, 0)::write);
        structures.put("Xattr header", new XattrTableHeader(0, 1)::write);
        assertThat(tables.keySet()).isEqualTo(structures.keySet());
        return tables.keySet().stream().sorted().map(name -> DynamicTest.dynamicTest(name, () -> {
            var fields = new Fields();
            structures.get(name).write(fields);
            assertThat(fields.types).isEqualTo(tables.get(name));
        }));
    }

    private static Map<String, List<String>> tables() throws IOException {
        Map<String, List<String>> tables = new HashMap<>();
        String heading = "";
        boolean inTable = false;
        for (String line : Files.readAllLines(Path.of("doc", "squashfs.md"))) {
            if (line.startsWith("#")) {
                heading = line.replaceFirst("^#+ ", "");
            } else if (line.startsWith("| Field | Type |")) {
                inTable = true;
                tables.put(heading, new ArrayList<>());
            } else if (inTable && line.startsWith("| ")) {
                tables.get(heading).add(line.split("\\|")[2].strip().replace("s16", "u16"));
            } else if (!line.startsWith("|---")) {
                inTable = false;
            }
        }
        return tables;
    }

    /** Knows a field's type from its length; names and values in this test have five bytes. */
    private static final class Fields extends FieldOutput {
        private final List<String> types = new ArrayList<>();

        @Override
        void write(byte[] from, int offset, int length) {
            types.add(switch (length) {
                case Short.BYTES -> "u16";
                case Integer.BYTES -> "u32";
                case Long.BYTES -> "u64";
                case 5 -> "bytes";
                case 3 * Integer.BYTES -> "words";
                default -> "%d bytes".formatted(length);
            });
        }
    }
}
