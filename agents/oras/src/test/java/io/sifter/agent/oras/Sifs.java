package io.sifter.agent.oras;

import io.sifter.sif.Architecture;
import io.sifter.sif.SifWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import java.util.UUID;

/** SIF files that can be carried about: a SquashFS superblock, as far as readers look at it, and noise. */
final class Sifs {
    private Sifs() {}

    static Path write(Path file, int size) throws IOException, InterruptedException {
        byte[] noise = new byte[size];
        new Random(size).nextBytes(noise);
        // Magic, compression gzip, blocks of 128 KiB, no flags, version 4.0.
        ByteBuffer superblock = ByteBuffer.wrap(noise).order(ByteOrder.LITTLE_ENDIAN);
        superblock.putInt(0, 0x73717368).putInt(12, 1 << 17).putShort(20, (short) 1).putShort(22, (short) 17).putShort(24, (short) 0)
                .putShort(28, (short) 4).putShort(30, (short) 0);
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            SifWriter writer = new SifWriter(out, new UUID(1, size), 0);
            writer.addPrimaryPartition(Architecture.AMD64, (channel, offset) -> channel.write(ByteBuffer.wrap(noise), offset));
            writer.finish();
        }
        return file;
    }
}
