package io.sifter.squashfs;

import io.sifter.spi.tree.Compression;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.List;
import java.util.zip.DataFormatException;

/** Reads packed files back, as naively as can be. */
final class PackReading {
    private final FileChannel pack;
    private final Compression compression;
    private final List<FragmentBlock> fragments;

    PackReading(FileChannel pack, Compression compression, List<FragmentBlock> fragments) {
        this.pack = pack;
        this.compression = compression;
        this.fragments = fragments;
    }

    byte[] read(PackedFile file) throws IOException, DataFormatException {
        var content = new ByteArrayOutputStream();
        long position = file.position();
        for (int word : file.sizeWords()) {
            int length = (int) Math.min(compression.blockSize(), file.size() - content.size());
            content.write(word == SizeWord.SPARSE ? new byte[length] : block(position, word, length));
            position += SizeWord.length(word);
        }
        if (file.fragment() != PackedFile.NO_FRAGMENT) {
            FragmentBlock fragment = fragments.get(file.fragment());
            byte[] block = block(fragment.position(), fragment.sizeWord(), fragment.length());
            content.write(block, file.fragmentOffset(), file.tailLength());
        }
        return content.toByteArray();
    }

    private byte[] block(long position, int word, int length) throws IOException, DataFormatException {
        var stored = ByteBuffer.allocate(SizeWord.length(word));
        ChannelBytes.read(pack, position, stored);
        if (SizeWord.raw(word)) {
            return stored.array();
        }
        byte[] block = new byte[length];
        int got = Codecs.decompressor(compression.codec())
                .decompress(MemorySegment.ofArray(stored.array()), MemorySegment.ofArray(block));
        if (got != length) {
            throw new IOException("A block has %d bytes, not %d".formatted(got, length));
        }
        return block;
    }
}
