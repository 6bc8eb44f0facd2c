package io.sifter.image.layer;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.spi.tree.FileTree;
import io.sifter.squashfs.SquashFsOptions;
import io.sifter.squashfs.SquashFsWriter;
import io.sifter.testkit.TarLayer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an upper layer hides is nowhere in the image, neither in a block that something refers to nor beside all of them. */
class HiddenBytesTest {
    private static final int BLOCK = 4096;

    @TempDir
    Path temporary;

    /** Bytes that no other test file has, of a length that makes blocks and a tail. */
    private static byte[] secret(int number, int length) {
        byte[] bytes = new byte[length];
        new Random(1000 + number).nextBytes(bytes);
        return bytes;
    }

    private static boolean contains(String everything, byte[] secret) {
        // Any sixteen bytes in a row would be a leak, wherever blocks are cut.
        for (int at = 0; at + 16 <= secret.length; at += 16) {
            if (everything.contains(new String(secret, at, 16, ISO_8859_1))) {
                return true;
            }
        }
        return false;
    }

    /** The image as it lies there, and whatever comes out of anything in it that looks like a zlib stream. */
    private String everything(List<TarLayer> layers) throws Exception {
        Path file = temporary.resolve("image");
        try (Packs packs = new Packs(temporary);
                FileTree tree = packs.merge(layers);
                FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
                ExecutorService workers = Executors.newFixedThreadPool(2)) {
            SquashFsWriter.write(tree, out, 0, new SquashFsOptions(Packs.SMALL_BLOCKS, false, 0, OptionalLong.empty(), file), workers);
        }
        byte[] image = Files.readAllBytes(file);
        var all = new ByteArrayOutputStream();
        all.writeBytes(image);
        byte[] block = new byte[2 * 8192];
        for (int at = 0; at + 2 < image.length; at++) {
            if ((image[at] & 0x0F) == 8 && ((image[at] & 0xFF) << 8 | image[at + 1] & 0xFF) % 31 == 0) {
                all.write(block, 0, inflate(image, at, block));
            }
        }
        return all.toString(ISO_8859_1);
    }

    private static int inflate(byte[] image, int at, byte[] block) {
        Inflater inflater = new Inflater();
        try {
            inflater.setInput(image, at, image.length - at);
            return inflater.inflate(block);
        } catch (DataFormatException notAStream) {
            return 0;
        } finally {
            inflater.end();
        }
    }

    @Test
    void isGoneHoweverItWasHidden() throws Exception {
        List<byte[]> hidden = new ArrayList<>();
        List<byte[]> kept = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            hidden.add(secret(i, i % 2 == 0 ? 300 + i : 2 * BLOCK + 700 + i));
            kept.add(secret(100 + i, 200 + 10 * i));
        }
        TarLayer lower = TarLayer.with();
        for (int i = 0; i < kept.size(); i++) {
            // Text beside each secret makes its fragment block compress.
            lower.file("kept" + i, kept.get(i)).file("text" + i, "some words ".repeat(40));
        }
        lower.file("whiteout", hidden.get(0)).file("large", hidden.get(1))
                .file("overwritten", hidden.get(2)).file("opaque/large", hidden.get(3))
                .file("opaque/small", hidden.get(4)).file("replaced/large", hidden.get(5))
                .file("linked", hidden.get(6)).hardLink("link", "linked")
                .file("renamed", kept.get(0)).file("directory/large", hidden.get(7));
        TarLayer upper = TarLayer.with().whiteout("whiteout").whiteout("large").file("overwritten", "public")
                .opaque("opaque").file("opaque/new", "public").file("replaced", "a file now")
                .whiteout("linked").whiteout("link").whiteout("renamed").file("again", kept.get(0)).whiteout("directory");

        String everything = everything(List.of(lower, upper));

        for (int i = 0; i < hidden.size(); i++) {
            assertThat(contains(everything, hidden.get(i))).as("secret " + i).isFalse();
        }
        for (int i = 0; i < kept.size(); i++) {
            assertThat(contains(everything, kept.get(i))).as("kept " + i).isTrue();
        }
    }

    @Test
    void staysWhereANameIsLeft() throws Exception {
        byte[] shared = secret(50, 2 * BLOCK + 500);
        byte[] copied = secret(51, 400);
        TarLayer lower = TarLayer.with().file("one", shared).hardLink("two", "one").file("copy", copied).file("other", copied);

        String everything = everything(List.of(lower, TarLayer.with().whiteout("one").whiteout("copy")));

        assertThat(contains(everything, shared)).isTrue();
        assertThat(contains(everything, copied)).isTrue();
    }

    @Test
    void isGoneWhenItsLayerSharesWithOthers() throws Exception {
        byte[] twice = secret(60, 600);
        byte[] once = secret(61, 600);
        TarLayer first = TarLayer.with().file("a", twice).file("b", once).file("c", "text ".repeat(100));
        TarLayer second = TarLayer.with().file("d", twice).file("e", "words ".repeat(100));
        TarLayer third = TarLayer.with().whiteout("a").whiteout("b");

        String everything = everything(List.of(first, second, third));

        assertThat(contains(everything, twice)).isTrue();
        assertThat(contains(everything, once)).isFalse();
    }
}
