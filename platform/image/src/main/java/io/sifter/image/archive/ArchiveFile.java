package io.sifter.image.archive;

import io.sifter.image.directory.LinuxFiles;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UserException;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A file that can be read from anywhere and any number of times: opened by its name, or kept open where it has none. */
final class ArchiveFile {
    private static final Path STANDARD_INPUT = Path.of("/dev/stdin");
    private static final int BUFFER = 1 << 18;

    private interface Opening {
        InputStream at(long offset) throws IOException;
    }

    private final String name;
    private final Opening opening;

    private ArchiveFile(String name, Opening opening) {
        this.name = name;
        this.opening = opening;
    }

    static boolean isStandardInput(Path path) {
        return path.toString().equals("-") || path.equals(STANDARD_INPUT);
    }

    /** @param temporary directory for a copy of what can be read only once; the copy has no name, and is gone with the process */
    static ArchiveFile open(Path path, Path temporary) throws IOException, InterruptedException {
        if (isStandardInput(path)) {
            if (Files.readSymbolicLink(Path.of("/proc/self/fd/0")).startsWith("/dev/pts")) {
                throw new UserException("standard input is a terminal", "Give it an archive: docker save NAME | singularity … docker-archive:-");
            }
            // By its descriptor: the name cannot always be opened again, the descriptor is there.
            FileChannel channel = new FileInputStream(FileDescriptor.in).getChannel();
            return kept("standard input", Files.isRegularFile(STANDARD_INPUT) ? channel : copy(Channels.newInputStream(channel), "standard input", temporary));
        }
        if (Files.isRegularFile(path)) {
            return new ArchiveFile(path.toString(), offset -> Channels.newInputStream(openAt(path, offset)));
        }
        try (InputStream in = Channels.newInputStream(openAt(path, 0))) {
            return kept(path.toString(), copy(in, path.toString(), temporary));
        }
    }

    private static ArchiveFile kept(String name, FileChannel channel) {
        return new ArchiveFile(name, offset -> new Reading(channel, offset));
    }

    private static FileChannel openAt(Path path, long offset) throws IOException {
        try {
            FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
            return offset == 0 ? channel : channel.position(offset);
        } catch (AccessDeniedException e) {
            throw new UserException("opening file \"%s\": permission denied".formatted(path), "Ask its owner for permission to read it.", e);
        }
    }

    private static FileChannel copy(InputStream in, String name, Path temporary) throws IOException, InterruptedException {
        try {
            Path file = Files.createTempFile(temporary, "sifter-", ".archive");
            FileChannel channel;
            try {
                channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
            } finally {
                Files.delete(file);
            }
            byte[] buffer = new byte[BUFFER];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
                for (ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, n); bytes.hasRemaining();) {
                    channel.write(bytes);
                }
            }
            return channel;
        } catch (IOException e) {
            if (LinuxFiles.full(e)) {
                throw new ExternalException("The disk is full: cannot keep a copy of %s in %s".formatted(name, temporary),
                        "Name another directory with TMPDIR, or save the archive to a file.", e);
            }
            throw e;
        }
    }

    String name() {
        return name;
    }

    InputStream open(long offset) throws IOException {
        return opening.at(offset);
    }

    /** A stream of its own on a channel that others read, too. */
    private static final class Reading extends InputStream {
        private final FileChannel channel;
        private long at;

        Reading(FileChannel channel, long at) {
            this.channel = channel;
            this.at = at;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            int n = channel.read(ByteBuffer.wrap(target, offset, length), at);
            at += Math.max(0, n);
            return n;
        }

        @Override
        public long skip(long count) throws IOException {
            long skipped = Math.max(0, Math.min(count, channel.size() - at));
            at += skipped;
            return skipped;
        }
    }
}
