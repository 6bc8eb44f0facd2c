package io.sifter.engine.launch;

import io.sifter.spi.tree.RawName;
import io.sifter.squashfs.InodeKind;
import io.sifter.squashfs.SquashFsReader;
import io.sifter.squashfs.Stat;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The file system in an image. */
final class SquashFsFiles implements ImageFiles {
    private final FileChannel channel;
    private final SquashFsReader reader;

    /** @param channel closed with this */
    SquashFsFiles(FileChannel channel, long offset, long length) throws IOException {
        this.channel = channel;
        this.reader = SquashFsReader.open(channel, offset, length);
    }

    @Override
    public Optional<Entry> entry(String path) throws IOException {
        Optional<Stat> found = reader.lookup(path);
        if (found.isEmpty()) {
            return Optional.empty();
        }
        Stat stat = found.get();
        if (stat.isDirectory()) {
            return Optional.of(Entry.DIRECTORY);
        }
        if (stat.isFile()) {
            return Optional.of(new Entry(Kind.FILE, "", (stat.attributes().mode() & 0111) != 0));
        }
        return Optional.of(stat.kind() == InodeKind.SYMLINK ? new Entry(Kind.LINK, stat.target(), false) : new Entry(Kind.OTHER, "", false));
    }

    @Override
    public List<String> list(String path) throws IOException {
        List<String> names = new ArrayList<>();
        for (SquashFsReader.Entry entry : reader.list(reader.lookup(path).orElseThrow())) {
            names.add(entry.name());
        }
        return names;
    }

    @Override
    public String read(String path, int max) throws IOException {
        return RawName.of(reader.read(reader.lookup(path).orElseThrow(), max));
    }

    /** Makes sure that nothing in the file system can harm a kernel that mounts it. */
    void check() throws IOException {
        reader.check();
    }

    @Override
    public void close() throws IOException {
        reader.close();
        channel.close();
    }
}
