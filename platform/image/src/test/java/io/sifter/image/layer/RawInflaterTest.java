package io.sifter.image.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.fail;

import io.sifter.testkit.Peers;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(value = 1, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RawInflaterTest {
    enum Kind {
        JDK, ISAL;

        RawInflater open() {
            if (this == JDK) {
                return new RawInflater.Jdk();
            }
            Optional<IsalInflater> isal = IsalInflater.open();
            Peers.need(isal.isPresent(), "libisal.so.2 is not installed");
            return isal.get();
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void findsTheEndOfAStreamWhereverItsInputIsCut(Kind kind) throws Exception {
        byte[] text = sample(new Random(1), 900);
        byte[] stream = deflate(text, Deflater.BEST_COMPRESSION, 0);
        byte[] junk = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
        byte[] all = Arrays.copyOf(stream, stream.length + junk.length);
        System.arraycopy(junk, 0, all, stream.length, junk.length);
        try (RawInflater inflater = kind.open()) {
            for (int cut = 1; cut < all.length; cut++) {
                inflater.reset();
                int used = run(inflater, all, text, cut, 1 << 16);
                assertThat(used).as("cut at %d", cut).isEqualTo(stream.length);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void handsOutTheSameInPortionsOfAnySize(Kind kind) throws Exception {
        Random random = new Random(2);
        try (RawInflater inflater = kind.open()) {
            for (int i = 0; i < 30; i++) {
                byte[] text = sample(random, random.nextInt(200_000));
                byte[] stream = deflate(text, i % 10, i % 3 == 0 ? 1 + random.nextInt(20_000) : 0);
                inflater.reset();
                int used = run(inflater, stream, text, 1 + random.nextInt(Math.max(1, stream.length)), 1 + random.nextInt(i < 3 ? 7 : 300_000));
                assertThat(used).isEqualTo(stream.length);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void aStreamThatIsCutOffNeverEnds(Kind kind) throws Exception {
        byte[] text = sample(new Random(3), 900);
        byte[] stream = deflate(text, Deflater.DEFAULT_COMPRESSION, 0);
        byte[] target = new byte[text.length];
        try (RawInflater inflater = kind.open()) {
            for (int length = 1; length < stream.length; length++) {
                inflater.reset();
                inflater.input(stream, 0, length);
                inflater.inflate(target, 0, target.length);
                inflater.inflate(target, 0, target.length);
                assertThat(inflater.finished()).as("%d of %d bytes", length, stream.length).isFalse();
                assertThat(inflater.needsInput()).isTrue();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void refusesWhatIsNoDeflate(Kind kind) {
        try (RawInflater inflater = kind.open()) {
            byte[] noBlock = {7, 0, 0, 0, 0, 0, 0, 0};
            inflater.input(noBlock, 0, noBlock.length);
            assertThatThrownBy(() -> inflater.inflate(new byte[10], 0, 10)).isInstanceOf(DataFormatException.class);
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void seesNothingOfTheStreamBefore(Kind kind) throws Exception {
        byte[] text = sample(new Random(4), 50_000);
        byte[] stream = deflate(text, Deflater.DEFAULT_COMPRESSION, 0);
        // A block of fixed codes: a length of 3 at distance 1, before which there is nothing.
        byte[] looksBack = {0x03, 0x02, 0, 0, 0, 0, 0, 0};
        try (RawInflater inflater = kind.open()) {
            run(inflater, stream, text, 1000, 1 << 16);
            inflater.reset();
            inflater.input(looksBack, 0, looksBack.length);
            assertThatThrownBy(() -> inflater.inflate(new byte[10], 0, 10)).isInstanceOf(DataFormatException.class);
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void damageIsFoundOrChangesNothing(Kind kind) throws Exception {
        byte[] text = sample(new Random(5), 20_000);
        byte[] file = gzip(text);
        Random random = new Random(6);
        for (int i = 0; i < 300; i++) {
            byte[] damaged = file.clone();
            damaged[random.nextInt(file.length)] ^= (byte) (1 << random.nextInt(8));
            try {
                assertThat(gunzip(kind, damaged, 1 + random.nextInt(9_000))).isEqualTo(text);
            } catch (ZipException expected) {
                assertThat(expected).hasMessageNotContaining("null");
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void readsMembersOneAfterTheOtherAndWhatFollowsThem(Kind kind) throws Exception {
        byte[] first = sample(new Random(7), 300_000);
        byte[] second = {};
        byte[] third = sample(new Random(8), 10);
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        file.write(gzip(first));
        file.write(gzip(second));
        file.write(gzip(third));
        file.write(new byte[] {0, 0, 0, 'j', 'u', 'n', 'k'});
        ByteArrayOutputStream expected = new ByteArrayOutputStream();
        expected.write(first);
        expected.write(third);
        for (int portion : new int[] {1, 7, 8, 4_096, 1 << 20}) {
            assertThat(gunzip(kind, file.toByteArray(), portion)).isEqualTo(expected.toByteArray());
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void refusesAWrongChecksum(Kind kind) throws IOException {
        byte[] file = gzip("content".getBytes(StandardCharsets.US_ASCII));
        file[file.length - 8] ^= 1;
        assertThatThrownBy(() -> gunzip(kind, file, 100)).isInstanceOf(ZipException.class).hasMessageContaining("has the CRC");
    }

    @Test
    void takesIsaLWhereItIsInstalled() {
        Kind.ISAL.open().close();
        try (RawInflater fastest = RawInflater.fastest()) {
            assertThat(fastest).isInstanceOf(IsalInflater.class);
        }
    }

    /** Decompresses with input and output in portions; returns how much of the input the stream has. */
    private static int run(RawInflater inflater, byte[] input, byte[] expected, int inputPortion, int outputPortion) throws DataFormatException {
        byte[] target = new byte[expected.length];
        byte[] portion = new byte[outputPortion];
        int used = 0;
        int length = 0;
        while (!inflater.finished()) {
            if (inflater.needsInput()) {
                if (used == input.length) {
                    fail("The stream does not end");
                }
                used += inflater.input(input, used, Math.min(inputPortion, input.length - used));
            }
            int n = inflater.inflate(portion, 0, outputPortion);
            System.arraycopy(portion, 0, target, length, n);
            length += n;
        }
        assertThat(length).isEqualTo(expected.length);
        assertThat(Arrays.equals(target, expected)).isTrue();
        return used - inflater.remaining();
    }

    private static byte[] gunzip(Kind kind, byte[] file, int portion) throws IOException {
        InputStream slow = new ByteArrayInputStream(file) {
            @Override
            public synchronized int read(byte[] bytes, int offset, int length) {
                return super.read(bytes, offset, Math.min(length, portion));
            }
        };
        HashThread hashes = new HashThread("test");
        try (GzipDecoder decoder = new GzipDecoder(new BlobInput(slow, hashes, Optional.empty()), kind.open(), true)) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            byte[] buffer = new byte[100_000];
            for (int n = decoder.read(buffer, 0, buffer.length); n >= 0; n = decoder.read(buffer, 0, buffer.length)) {
                out.write(buffer, 0, n);
            }
            return out.toByteArray();
        } finally {
            hashes.end();
        }
    }

    private static byte[] gzip(byte[] text) throws IOException {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(file)) {
            out.write(text);
        }
        return file.toByteArray();
    }

    /** @param flushEvery bytes after which the encoder flushes, which makes it end a block; 0 for never */
    private static byte[] deflate(byte[] text, int level, int flushEvery) {
        Deflater deflater = new Deflater(level, true);
        byte[] stream = new byte[2 * text.length + 100_000];
        int length = 0;
        if (flushEvery > 0) {
            for (int at = 0; at < text.length; at += flushEvery) {
                deflater.setInput(text, at, Math.min(flushEvery, text.length - at));
                length += deflater.deflate(stream, length, stream.length - length, Deflater.SYNC_FLUSH);
            }
        } else {
            deflater.setInput(text);
        }
        deflater.finish();
        length += deflater.deflate(stream, length, stream.length - length);
        assertThat(deflater.finished()).isTrue();
        deflater.end();
        return Arrays.copyOf(stream, length);
    }

    /** Some of it compresses well, some not at all. */
    private static byte[] sample(Random random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        for (int at = 0; at < length; ) {
            int run = 1 + random.nextInt(2_000);
            int end = Math.min(length, at + run);
            switch (random.nextInt(4)) {
                case 0 -> Arrays.fill(bytes, at, end, (byte) random.nextInt());
                case 1 -> {
                    for (int i = Math.max(at, 40_000); i < end; i++) {
                        bytes[i] = bytes[i - 1 - random.nextInt(40) - 300 * random.nextInt(100)];
                    }
                }
                case 2 -> {
                    for (int i = at; i < end; i++) {
                        bytes[i] = (byte) ("etaoin shrdlu\n".charAt(random.nextInt(14)));
                    }
                }
                default -> {}
            }
            at = end;
        }
        return bytes;
    }
}
