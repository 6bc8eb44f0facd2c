package io.sifter.sink.sandbox;

import io.sifter.image.directory.LinuxFiles;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.tree.Attributes;
import io.sifter.spi.tree.Content;
import io.sifter.spi.tree.Device;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.Node;
import io.sifter.spi.tree.RawName;
import io.sifter.spi.tree.RegularFile;
import io.sifter.spi.tree.Special;
import io.sifter.spi.tree.Symlink;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.Map;

/** Makes single inodes and gives them their attributes. Safe for any thread, once it was told to {@link #probe}. */
final class NodeWriter {
    /** The grain of holes: many blocks of a disk. */
    private static final int GRAIN = 64 << 10;
    private static final ByteBuffer ZEROS = ByteBuffer.allocate(GRAIN).asReadOnlyBuffer();
    private static final int USUAL_XATTR_BYTES = 2048;
    private static final long NO_OWNER = 0xFFFF_FFFFL;
    private static final int PERMISSIONS = 0777;

    private final boolean owners;
    private final boolean allRoot;
    private final Losses losses;

    /** What files have as soon as they are made, if they are made with all permissions. */
    private long givenUid = NO_OWNER;
    private long givenGid = NO_OWNER;
    private int givenMode;

    /**
     * @param owners whether the caller may give files away
     * @param allRoot whether root shall own everything
     */
    NodeWriter(boolean owners, boolean allRoot, Losses losses) {
        this.owners = owners;
        this.allRoot = allRoot;
        this.losses = losses;
    }

    /**
     * Finds out what files have as soon as they are made, for that need not be changed: owners, and permissions without those that the
     * umask or a default access list takes away. To be called once, before anything is made.
     *
     * @param directory empty, and nobody else's business
     */
    void probe(int directory) throws IOException {
        String name = "probe";
        LinuxFiles.close(LinuxFiles.createFile(directory, name, PERMISSIONS));
        LinuxFiles.Stat stat = LinuxFiles.stat(directory, name);
        LinuxFiles.remove(directory, name, false);
        givenUid = stat.uid();
        givenGid = stat.gid();
        givenMode = stat.mode() & PERMISSIONS;
    }

    /** Makes anything but a directory. */
    void make(int directory, String name, Node node, Crew crew) throws IOException, InterruptedException {
        switch (node) {
            case RegularFile file -> makeFile(directory, name, file, crew);
            case Symlink link -> {
                LinuxFiles.makeSymlink(directory, name, link.target());
                attributesOfName(directory, name, link.attributes(), false);
            }
            case Device device -> makeDevice(directory, name, device);
            case Special special -> {
                LinuxFiles.makeNode(directory, name, special.kind() == Special.Kind.FIFO ? LinuxFiles.Type.FIFO : LinuxFiles.Type.SOCKET, 0, 0);
                attributesOfName(directory, name, special.attributes(), true);
            }
            case Directory _ -> throw new IllegalArgumentException("A directory is made by whoever goes into it");
        }
    }

    private void makeFile(int directory, String name, RegularFile file, Crew crew)
            throws IOException, InterruptedException {
        Attributes attributes = file.attributes();
        // Nobody else gets into the directory before all is done, so that a file may have its permissions from the beginning.
        boolean modeGiven = (attributes.mode() & ~givenMode) == 0 && attributes.xattrs().isEmpty() && keepsOwner(attributes);
        int out = LinuxFiles.createFile(directory, name, modeGiven ? attributes.mode() : 0600);
        try {
            if (file.content().size() > 0) {
                copy(file.content(), out, name, crew);
            }
            if (modeGiven) {
                LinuxFiles.changeTime(out, attributes.mtime());
            } else {
                attributes(out, attributes);
            }
        } finally {
            LinuxFiles.close(out);
        }
    }

    private static void copy(Content content, int out, String name, Crew crew)
            throws IOException, InterruptedException {
        Sparse file = new Sparse(out, name, content.size(), crew);
        try (InputStream in = content.open()) {
            in.transferTo(file);
        } catch (Stopped e) {
            throw new InterruptedException();
        }
        if (file.position < file.size) {
            throw wrongSize(name, file.size, Long.toString(file.position));
        }
        if (file.written < file.size) {
            LinuxFiles.truncate(out, file.size);
        }
    }

    /** Carries an interruption through a stream. */
    private static final class Stopped extends IOException {}

    /**
     * Writes a file from its start, and leaves holes for zeros. A channel as well as a stream, so that what lies outside the heap need
     * not be copied into it.
     */
    private static final class Sparse extends OutputStream implements WritableByteChannel {
        private final int file;
        private final String name;
        private final long size;
        private final Crew crew;
        private long position;
        private long written;

        Sparse(int file, String name, long size, Crew crew) {
            this.file = file;
            this.name = name;
            this.size = size;
            this.crew = crew;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            write(ByteBuffer.wrap(bytes, offset, length));
        }

        @Override
        public int write(ByteBuffer bytes) throws IOException {
            try {
                crew.checkStopped();
            } catch (InterruptedException e) {
                throw new Stopped();
            }
            int length = bytes.remaining();
            if (length > size - position) {
                throw wrongSize(name, size, "more");
            }
            int first = bytes.position();
            int from = 0;
            for (int at = 0; at < length; ) {
                int grain = Math.min(GRAIN, length - at);
                if (isZero(bytes.slice(first + at, grain))) {
                    store(bytes, first, from, at);
                    from = at + grain;
                }
                at += grain;
            }
            store(bytes, first, from, length);
            position += length;
            bytes.position(bytes.limit());
            return length;
        }

        private static boolean isZero(ByteBuffer bytes) {
            return bytes.get(0) == 0 && bytes.mismatch(ZEROS.slice(0, bytes.limit())) < 0;
        }

        private void store(ByteBuffer bytes, int first, int from, int to) throws IOException {
            if (from < to) {
                LinuxFiles.write(file, position + from, bytes.slice(first + from, to - from));
                written = position + to;
            }
        }

        /** Of the stream and of the channel; the file is closed by whoever opened it. */
        @Override
        public void close() {}

        @Override
        public boolean isOpen() {
            return true;
        }
    }

    private static CorruptDataException wrongSize(String name, long stated, String found) {
        return new CorruptDataException("The content of '%s' is said to have %d bytes but has %s"
                .formatted(RawName.display(name), stated, found));
    }

    private void makeDevice(int directory, String name, Device device) throws IOException {
        try {
            LinuxFiles.makeNode(directory, name,
                    device.block() ? LinuxFiles.Type.BLOCK_DEVICE : LinuxFiles.Type.CHARACTER_DEVICE, device.major(), device.minor());
        } catch (LinuxFiles.Failure e) {
            if (e.errno() != LinuxFiles.EPERM) {
                throw e;
            }
            losses.devices.incrementAndGet();
            int out = LinuxFiles.createFile(directory, name, 0600);
            try {
                attributes(out, device.attributes().withMode(0));
            } finally {
                LinuxFiles.close(out);
            }
            return;
        }
        attributesOfName(directory, name, device.attributes(), true);
    }

    /**
     * Owner, extended attributes, mode, time, in this order: a new owner takes away capabilities and the setuid bit, and
     * everything takes away the time.
     */
    void attributes(int descriptor, Attributes attributes) throws IOException {
        if (!keepsOwner(attributes)) {
            try {
                LinuxFiles.changeOwner(descriptor, uid(attributes), gid(attributes));
            } catch (LinuxFiles.Failure e) {
                missOwner(e);
            }
        }
        for (Map.Entry<String, byte[]> xattr : attributes.xattrs().entrySet()) {
            try {
                LinuxFiles.setXattr(descriptor, xattr.getKey(), xattr.getValue());
            } catch (LinuxFiles.Failure e) {
                missXattr(e, attributes);
            }
        }
        LinuxFiles.changeMode(descriptor, attributes.mode());
        LinuxFiles.changeTime(descriptor, attributes.mtime());
    }

    private boolean keepsOwner(Attributes attributes) {
        return !owners || (allRoot ? 0 : attributes.uid()) == givenUid && (allRoot ? 0 : attributes.gid()) == givenGid;
    }

    private void attributesOfName(int directory, String name, Attributes attributes, boolean mode) throws IOException {
        if (!keepsOwner(attributes)) {
            try {
                LinuxFiles.changeOwner(directory, name, uid(attributes), gid(attributes));
            } catch (LinuxFiles.Failure e) {
                missOwner(e);
            }
        }
        for (Map.Entry<String, byte[]> xattr : attributes.xattrs().entrySet()) {
            try {
                LinuxFiles.setXattr(directory, name, xattr.getKey(), xattr.getValue());
            } catch (LinuxFiles.Failure e) {
                missXattr(e, attributes);
            }
        }
        if (mode) {
            LinuxFiles.changeMode(directory, name, attributes.mode());
        }
        LinuxFiles.changeTime(directory, name, attributes.mtime());
    }

    private long uid(Attributes attributes) {
        return owner(allRoot ? 0 : attributes.uid());
    }

    private long gid(Attributes attributes) {
        return owner(allRoot ? 0 : attributes.gid());
    }

    /** The highest number means "leave it" to the kernel, nobody can have it. */
    private long owner(long id) {
        if (id == NO_OWNER) {
            losses.owners.incrementAndGet();
        }
        return id;
    }

    /** In a user namespace, not every owner exists. */
    private void missOwner(LinuxFiles.Failure e) throws LinuxFiles.Failure {
        if (e.errno() != LinuxFiles.EINVAL && e.errno() != LinuxFiles.EPERM) {
            throw e;
        }
        losses.owners.incrementAndGet();
    }

    /** Some file systems have little room for these in each inode and say then that the whole disk is full. */
    private void missXattr(LinuxFiles.Failure e, Attributes attributes) throws LinuxFiles.Failure {
        long bytes = 0;
        for (byte[] value : attributes.xattrs().values()) {
            bytes += value.length;
        }
        if (e.full() && bytes < USUAL_XATTR_BYTES) {
            throw e;
        }
        losses.xattrs.incrementAndGet();
    }

    /** To be called when nothing in the directory changes any more. */
    void directoryAttributes(int descriptor, Attributes attributes) throws IOException {
        if (!owners && (attributes.mode() & 0700) != 0700) {
            losses.lockedDirectories.incrementAndGet();
        }
        attributes(descriptor, attributes);
    }
}
