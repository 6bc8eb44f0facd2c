package io.sifter.sif;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.reference.Digest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SifTest {
    private static final UUID ID = UUID.fromString("93122a7f-73a7-459a-9d1d-f7ce6ce32b5a");
    private static final long CREATED = 1_700_000_000L;
    private static final byte[] DEFINITION = "bootstrap: docker\nfrom: alpine:3.19\n\n".getBytes(StandardCharsets.UTF_8);

    @TempDir
    Path directory;
    private Path file;

    @BeforeEach
    void writeOne() throws Exception {
        file = directory.resolve("image.sif");
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            SifWriter writer = new SifWriter(out, ID, CREATED);
            writer.addDefinition(DEFINITION);
            writer.addJson("inspect-metadata.json", "{}".getBytes(StandardCharsets.UTF_8));
            writer.addJson("left-out.json", new byte[0]);
            writer.addPrimaryPartition(Architecture.AMD64, (channel, offset) -> {
                assertThat(offset % 4096).isZero();
                return channel.write(ByteBuffer.allocate(8192).put(0, (byte) 7), offset);
            });
            writer.finish();
        }
    }

    @Test
    void readsWhatItWrote() throws IOException {
        try (SifImage image = SifImage.open(file)) {
            assertThat(image.header()).isEqualTo(new SifHeader("#!/usr/bin/env run-singularity\n", Architecture.AMD64, ID, CREATED,
                    CREATED, 45, 48, 4096, 28080, 32176, 32768 + 8192 - 32176));
            assertThat(image.descriptors()).extracting(SifDescriptor::describe)
                    .containsExactly("Def.FILE", "JSON.Generic", "FS (Squashfs/*System/amd64)");
            assertThat(image.read(image.find(DataType.DEFINITION, "").orElseThrow(), 1000)).isEqualTo(DEFINITION);
            assertThat(image.find(DataType.GENERIC_JSON, "inspect-metadata.json")).isPresent();
            SifDescriptor partition = image.primaryPartition().orElseThrow();
            assertThat(partition.offset()).isEqualTo(32768);
            assertThat(partition.size()).isEqualTo(8192);
            // What precedes the partition ends at 32176 + 37 + 2.
            assertThat(partition.paddedSize()).isEqualTo(8192 + 32768 - 32215);
        }
    }

    @Test
    void theSameCallsGiveTheseBytes() throws IOException {
        byte[] bytes = Files.readAllBytes(file);

        assertThat(bytes).hasSize(32768 + 8192);
        assertThat(new String(bytes, 0, 31, StandardCharsets.US_ASCII)).isEqualTo("#!/usr/bin/env run-singularity\n");
        assertThat(Digest.sha256(bytes)).hasToString("sha256:" + GOLDEN);
    }

    private static final String GOLDEN = "6b41d21fb49bcac50c91a53d348d7a3b05d9c81392eab0a7b2c1b0991074ae6c";

    @Test
    void theDescriptorHasTheDigestThatPeersSign() throws IOException {
        // A signature covers a descriptor without group, offset, padding and modification time; this vector was computed
        // for a definition of 37 bytes created at 1700000000.
        SifDescriptor d;
        try (SifImage image = SifImage.open(file)) {
            d = image.descriptors().getFirst();
        }
        ByteBuffer whole = ByteBuffer.allocate(SifDescriptor.SIZE);
        d.write(whole);
        byte[] raw = whole.array();
        ByteBuffer signed = ByteBuffer.allocate(557);
        signed.put(raw, 0, 5).put(new byte[4]).put(raw, 13, 4).put(raw, 25, 8).put(raw, 41, 8).put(raw, 57, 16).put(raw, 73, 512);

        assertThat(Digest.sha256(signed.array()).hex()).isEqualTo("fee48e1bb3ac3cc7591c4352d22521ffeb773f446da4f00445c51ac3b41623d2");
    }

    @Test
    void aFileCutOffAnywhereIsRefused() throws IOException {
        try (FileChannel cut = FileChannel.open(file, StandardOpenOption.WRITE)) {
            for (long length = cut.size() - 1; length >= 0; length--) {
                cut.truncate(length);
                String said = length < 42 ? "is no SIF: it has %d bytes".formatted(length)
                        : length < SifHeader.SIZE ? "is cut off: it has %d bytes".formatted(length)
                        : "is damaged or cut off";
                assertThatThrownBy(() -> SifImage.open(file)).isExactlyInstanceOf(CorruptDataException.class)
                        .hasMessageStartingWith(file + " " + said);
            }
        }
    }

    @Test
    void tellsAnotherVersionFromAnotherFormat() throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[43] = '2';
        Files.write(file, bytes);
        assertThatThrownBy(() -> SifImage.open(file)).isExactlyInstanceOf(CorruptDataException.class)
                .hasMessage(file + " is a SIF of version '02', only 01 is supported");

        bytes[32] = 'X';
        Files.write(file, bytes);
        assertThatThrownBy(() -> SifImage.open(file)).isExactlyInstanceOf(CorruptDataException.class)
                .hasMessageContaining("is no SIF: at offset 32 stands 5849465f4d4147494300, not 5349465f4d4147494300");
    }

    @Test
    void aHugeCountIsRefusedBeforeMemoryIsTaken() throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        for (long total : new long[] {-1, 1 << 16, 1L << 31, Long.MAX_VALUE, Long.MAX_VALUE / SifDescriptor.SIZE + 1}) {
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(88, total);
            Files.write(file, bytes);
            assertThatThrownBy(() -> SifImage.open(file)).isExactlyInstanceOf(CorruptDataException.class)
                    .hasMessageContaining("its table of %d descriptors at offset 4096".formatted(total));
        }
    }

    @Test
    void aTableBeyondTheUsualPlaceIsReadToo() throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        byte[] moved = java.util.Arrays.copyOf(bytes, bytes.length + 48 * SifDescriptor.SIZE);
        System.arraycopy(bytes, 4096, moved, bytes.length, 48 * SifDescriptor.SIZE);
        ByteBuffer.wrap(moved).order(ByteOrder.LITTLE_ENDIAN).putLong(96, bytes.length);
        Files.write(file, moved);

        try (SifImage image = SifImage.open(file)) {
            assertThat(image.descriptors()).extracting(SifDescriptor::offset).containsExactly(32176L, 32213L, 32768L);
        }
    }

    @Test
    void aLaunchScriptDoesNotSteerTheTerminal() {
        SifHeader hostile = new SifHeader("#!\u001b[2Jx\n", Architecture.UNKNOWN, ID, 0, 0, 0, 0, 0, 0, 0, 0);

        assertThat(SifText.header(hostile)).contains("#!\\x1B[2Jx\n").doesNotContain("\u001b");
    }

    @Test
    void hasRoomForOnePrimaryPartition() throws Exception {
        try (FileChannel out = FileChannel.open(directory.resolve("two.sif"), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            SifWriter writer = new SifWriter(out, ID, CREATED);
            writer.addPrimaryPartition(Architecture.AMD64, (channel, offset) -> 4096);

            assertThatThrownBy(() -> writer.addPrimaryPartition(Architecture.ARM64, (channel, offset) -> 4096))
                    .isInstanceOf(IllegalStateException.class).hasMessage("image already contains a primary partition");
        }
    }

    @Test
    void flippedBitsGiveAnAnswerOrARefusal() throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        Path flipped = directory.resolve("flipped.sif");
        Random random = new Random(42);
        for (int round = 0; round < 2000; round++) {
            byte[] copy = bytes.clone();
            int at = random.nextBoolean() ? random.nextInt(SifHeader.SIZE) : 4096 + random.nextInt(4 * SifDescriptor.SIZE);
            copy[at] ^= (byte) (1 << random.nextInt(8));
            Files.write(flipped, copy);
            try (SifImage image = SifImage.open(flipped)) {
                SifText.list(image);
                SifText.header(image.header());
                for (SifDescriptor descriptor : image.descriptors()) {
                    assertThat(descriptor.offset() + descriptor.size()).isBetween(0L, (long) bytes.length);
                    image.read(descriptor, bytes.length);
                }
            } catch (CorruptDataException refused) {
                assertThat(refused).hasMessageContaining(flipped.toString());
            }
        }
    }

    @Test
    void tellsASifFromOtherFiles() throws IOException {
        Path text = Files.writeString(directory.resolve("text"), "Bootstrap: docker\n");

        assertThat(SifImage.isSif(file)).isTrue();
        assertThat(SifImage.isSif(text)).isFalse();
        assertThat(SifImage.idOf(file)).contains(ID);
        assertThat(SifImage.idOf(text)).isEmpty();
    }

    @Test
    void listsLikeThePeers() throws IOException {
        try (SifImage image = SifImage.open(file)) {
            assertThat(SifText.list(image)).isEqualTo("""
                    ------------------------------------------------------------------------------
                    ID   |GROUP   |LINK    |SIF POSITION (start-end)  |TYPE
                    ------------------------------------------------------------------------------
                    1    |1       |NONE    |32176-32213               |Def.FILE
                    2    |1       |NONE    |32213-32215               |JSON.Generic
                    3    |1       |NONE    |32768-40960               |FS (Squashfs/*System/amd64)
                    """);
            assertThat(SifText.header(image.header())).isEqualTo("""
                    Launch Script:        #!/usr/bin/env run-singularity
                    Version:              01
                    Primary Architecture: amd64
                    ID:                   93122a7f-73a7-459a-9d1d-f7ce6ce32b5a
                    Created At:           2023-11-14 22:13:20 +0000 UTC
                    Modified At:          2023-11-14 22:13:20 +0000 UTC
                    Descriptors Free:     45
                    Descriptors Total:    48
                    Descriptors Offset:   4096
                    Descriptors Size:     27 KiB
                    Data Offset:          32176
                    Data Size:            9 KiB
                    """);
        }
    }
}
