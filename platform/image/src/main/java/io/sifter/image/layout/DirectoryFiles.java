package io.sifter.image.layout;

import io.sifter.spi.source.ByteSource;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.OptionalLong;

/** The files of a directory. Nothing is kept open and nothing remembered: every call sees the directory as it is. */
record DirectoryFiles(Path directory) implements ImageFiles {
    @Override
    public String place() {
        return directory.toString();
    }

    @Override
    public OptionalLong size(String name) throws IOException {
        Path file = directory.resolve(name);
        return Files.isRegularFile(file) ? OptionalLong.of(Files.size(file)) : OptionalLong.empty();
    }

    @Override
    public ByteSource bytes(String name) {
        return offset -> {
            FileChannel channel = FileChannel.open(directory.resolve(name), StandardOpenOption.READ);
            channel.position(offset);
            return Channels.newInputStream(channel);
        };
    }
}
