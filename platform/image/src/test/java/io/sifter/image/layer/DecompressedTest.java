package io.sifter.image.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.testkit.TarLayer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

class DecompressedTest {
    private static final TarLayer TAR = TarLayer.with().file("noise", noise()).file("words", "some");

    private static byte[] noise() {
        byte[] bytes = new byte[700_000];
        new Random(3).nextBytes(bytes);
        return bytes;
    }

    /**
     * Cause: memory of the fast inflater belonged to the thread that opened the stream, layers of an archive are read by another.
     * Noticed with a compressed archive of docker save, where that inflater was installed.
     */
    @Test
    void aStreamMayGoFromThreadToThread() throws Exception {
        InputStream in = Decompressed.of(new ByteArrayInputStream(TAR.gzip()), "it.tar.gz");
        byte[] begin = in.readNBytes(1000);
        FutureTask<byte[]> rest = new FutureTask<>(in::readAllBytes);
        Thread.ofPlatform().start(rest);
        byte[] whole = Arrays.copyOf(begin, TAR.tar().length);
        System.arraycopy(rest.get(), 0, whole, 1000, whole.length - 1000);
        in.close();

        assertThat(whole).isEqualTo(TAR.tar());
    }

    @Test
    void whatIsNotCompressedPassesAsItIs() throws Exception {
        try (InputStream in = Decompressed.of(new ByteArrayInputStream(TAR.tar()), "it.tar")) {
            assertThat(in.readAllBytes()).isEqualTo(TAR.tar());
        }
        try (InputStream in = Decompressed.of(new ByteArrayInputStream(new byte[0]), "empty")) {
            assertThat(in.readAllBytes()).isEmpty();
        }
    }

    @Test
    void damageIsNamedAndAFailureOfTheSourceIsItsOwn() {
        byte[] cut = Arrays.copyOf(TAR.gzip(), 200_000);
        assertThatThrownBy(() -> Decompressed.of(new ByteArrayInputStream(cut), "it.tar.gz").readAllBytes()).isInstanceOf(CorruptDataException.class)
                .hasMessageStartingWith("it.tar.gz is damaged: as gzip, at byte 200000");
        IOException broken = new IOException("the cable");
        InputStream failing = new InputStream() {
            private final InputStream some = new ByteArrayInputStream(cut);

            @Override
            public int read() throws IOException {
                int next = some.read();
                if (next < 0) {
                    throw broken;
                }
                return next;
            }

            @Override
            public int read(byte[] bytes, int offset, int length) throws IOException {
                int n = some.read(bytes, offset, length);
                if (n < 0) {
                    throw broken;
                }
                return n;
            }
        };
        assertThatThrownBy(() -> Decompressed.of(failing, "it.tar.gz").readAllBytes()).isSameAs(broken);
    }
}
