package io.sifter.image.directory;

import io.sifter.spi.error.ExternalException;
import io.sifter.spi.event.Event;
import io.sifter.spi.tree.Attributes;
import io.sifter.spi.tree.Content;
import io.sifter.spi.tree.Device;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.FileTree;
import io.sifter.spi.tree.Node;
import io.sifter.spi.tree.RawName;
import io.sifter.spi.tree.RegularFile;
import io.sifter.spi.tree.Special;
import io.sifter.spi.tree.Symlink;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * A directory of this machine as a file tree, such as a sandbox: names, attributes and links as they were when it was
 * opened, content read when asked for. No link is followed, whatever its parents become meanwhile; a file that is no
 * longer what it was is an error. Safe for any thread; whoever opens it closes it.
 */
public final class DirectoryTree implements FileTree {
    /** So many directories on the way down stay open; the ones above are found again through {@code ..}. */
    private static final int OPEN_ANCESTORS = 100;
    private static final long MAX_TIME = 0xFFFF_FFFFL;
    private static final int TRANSFER = 128 << 10;

    private final Path path;
    private final int top;
    private Directory root;
    /** The directory whose content was opened last: whoever reads everything reads a directory's files in a row. */
    private Place lastPlace;
    private int lastDescriptor = -1;
    private boolean closed;

    private DirectoryTree(Path path, int top) {
        this.path = path;
        this.top = top;
    }

    /**
     * Reads everything but content.
     *
     * @param events told, once each, what a tree cannot keep
     * @throws ExternalException if something cannot be read, or changes meanwhile
     */
    public static DirectoryTree open(Path path, Consumer<Event> events) throws IOException, InterruptedException {
        DirectoryTree tree;
        try {
            tree = new DirectoryTree(path, LinuxFiles.openDirectory(path));
        } catch (LinuxFiles.Failure e) {
            throw new ExternalException("Could not read the directory %s: %s".formatted(path, e.getMessage()), e);
        }
        try {
            Scan scan = tree.new Scan();
            tree.root = scan.run();
            scan.tell(events);
            return tree;
        } catch (IOException | InterruptedException | RuntimeException e) {
            tree.close();
            throw e;
        }
    }

    @Override
    public Directory root() {
        return root;
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            forgetLast();
            LinuxFiles.close(top);
        }
    }

    private void forgetLast() {
        if (lastDescriptor >= 0) {
            LinuxFiles.close(lastDescriptor);
        }
        lastDescriptor = -1;
        lastPlace = null;
    }

    /** Where a directory is: as many short names as it takes. */
    private record Place(Place parent, String name) {
        String child(String child) {
            Deque<String> names = new ArrayDeque<>();
            names.push(RawName.display(child));
            for (Place place = this; place.parent != null; place = place.parent) {
                names.push(RawName.display(place.name));
            }
            return "/" + String.join("/", names);
        }
    }

    private synchronized int openFile(Place place, String name) throws IOException {
        if (closed) {
            throw new IOException("The directory %s was closed before its content was read".formatted(path));
        }
        if (place != lastPlace) {
            goTo(place);
        }
        return LinuxFiles.openFile(lastDescriptor, name);
    }

    /** Goes down from the last place where it lies on the way, else from the top: long ways are walked once. */
    private void goTo(Place place) throws IOException {
        Deque<String> down = new ArrayDeque<>();
        Place start = place;
        while (start.parent != null && start != lastPlace) {
            down.push(start.name);
            start = start.parent;
        }
        int descriptor = start == lastPlace ? lastDescriptor : LinuxFiles.openDirectory(top, ".");
        if (start != lastPlace) {
            forgetLast();
        }
        lastPlace = null;
        lastDescriptor = -1;
        for (String step : down) {
            int next;
            try {
                next = LinuxFiles.openDirectory(descriptor, step);
            } finally {
                LinuxFiles.close(descriptor);
            }
            descriptor = next;
        }
        lastDescriptor = descriptor;
        lastPlace = place;
    }

    private ExternalException failed(Place place, String name, LinuxFiles.Failure cause) {
        if (cause.errno() == LinuxFiles.ENOENT || cause.errno() == LinuxFiles.ENOTDIR || cause.errno() == LinuxFiles.ELOOP) {
            return changed(place, name, cause);
        }
        return new ExternalException("Could not read %s in %s: %s".formatted(place.child(name), path, cause.getMessage()),
                cause.errno() == LinuxFiles.EACCES ? "Only what the caller may read can become part of an image." : null, cause);
    }

    private ExternalException changed(Place place, String name, Throwable cause) {
        return new ExternalException("%s in %s changed while it was read".formatted(place.child(name), path),
                "Try again when nothing writes there any more.", cause);
    }

    private final class FileContent implements Content {
        private final Place place;
        private final String name;
        private final LinuxFiles.Stat before;

        FileContent(Place place, String name, LinuxFiles.Stat before) {
            this.place = place;
            this.name = name;
            this.before = before;
        }

        @Override
        public long size() {
            return before.size();
        }

        @Override
        public InputStream open() throws IOException {
            int file;
            try {
                file = openFile(place, name);
            } catch (LinuxFiles.Failure e) {
                throw failed(place, name, e);
            }
            FileStream stream = new FileStream(this, file);
            try {
                stream.verify();
                return stream;
            } catch (IOException | RuntimeException e) {
                stream.close();
                throw e;
            }
        }
    }

    /** One pass through a file, which must be the same before the first and after the last byte. */
    private final class FileStream extends InputStream {
        private final FileContent content;
        private final int file;
        private long left;
        private boolean open = true;

        FileStream(FileContent content, int file) {
            this.content = content;
            this.file = file;
            this.left = content.size();
        }

        void verify() throws IOException {
            if (!unchanged(content.before, LinuxFiles.stat(file))) {
                throw changed(content.place, content.name, null);
            }
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            if (!open) {
                throw new IOException("Stream closed");
            }
            if (left == 0) {
                return -1;
            }
            if (length == 0) {
                return 0;
            }
            int got;
            try {
                got = LinuxFiles.read(file, into, offset, (int) Math.min(length, left));
            } catch (LinuxFiles.Failure e) {
                throw failed(content.place, content.name, e);
            }
            if (got < 0) {
                throw changed(content.place, content.name, null);
            }
            left -= got;
            if (left == 0) {
                verify();
            }
            return got;
        }

        @Override
        public long transferTo(OutputStream out) throws IOException {
            byte[] buffer = new byte[(int) Math.min(TRANSFER, left)];
            long count = 0;
            for (int got = read(buffer, 0, buffer.length); got > 0; got = read(buffer, 0, buffer.length)) {
                out.write(buffer, 0, got);
                count += got;
            }
            return count;
        }

        @Override
        public void close() {
            if (open) {
                open = false;
                LinuxFiles.close(file);
            }
        }
    }

    /** Whatever is done to an inode, its change time tells; nobody can set it. */
    private static boolean unchanged(LinuxFiles.Stat before, LinuxFiles.Stat now) {
        return before.device() == now.device() && before.inode() == now.inode() && before.type() == now.type()
                && before.size() == now.size() && before.changed() == now.changed();
    }

    /** The walk through the directory, however deep. */
    private final class Scan {
        private record Inode(long device, long inode) {}

        private static final class Open {
            private final Place place;
            private final LinuxFiles.Stat before;
            private final Directory directory;
            private int descriptor;
            private Iterator<String> names;

            Open(Place place, LinuxFiles.Stat before, Directory directory, int descriptor) {
                this.place = place;
                this.before = before;
                this.directory = directory;
                this.descriptor = descriptor;
            }
        }

        private final Deque<Open> way = new ArrayDeque<>();
        private final Deque<Open> stillOpen = new ArrayDeque<>();
        private final Map<Inode, Node> linked = new HashMap<>();
        private int foreignXattrs;
        private int clampedTimes;

        Directory run() throws IOException, InterruptedException {
            Place place = new Place(null, "");
            try {
                LinuxFiles.Stat stat = LinuxFiles.stat(top);
                int descriptor = LinuxFiles.openDirectory(top, ".");
                Directory first = new Directory(Attributes.of(0, 0));
                Open open = new Open(place, stat, first, descriptor);
                push(open);
                // The root's attributes are read through its own "."; a directory shares its children with its final form.
                Directory read = new Directory(attributes(open, ".", stat), first.children());
                while (!way.isEmpty()) {
                    if (Thread.interrupted()) {
                        throw new InterruptedException();
                    }
                    step();
                }
                return read;
            } catch (LinuxFiles.Failure e) {
                throw failed(place, "", e);
            } finally {
                stillOpen.forEach(open -> LinuxFiles.close(open.descriptor));
            }
        }

        private void push(Open open) throws IOException {
            way.push(open);
            stillOpen.push(open);
            if (stillOpen.size() > OPEN_ANCESTORS) {
                Open oldest = stillOpen.removeLast();
                LinuxFiles.close(oldest.descriptor);
                oldest.descriptor = -1;
            }
            try {
                open.names = LinuxFiles.list(open.descriptor).iterator();
            } catch (LinuxFiles.Failure e) {
                throw failed(open.place, "", e);
            }
        }

        private void step() throws IOException {
            Open open = way.peek();
            while (open.names.hasNext()) {
                String name = open.names.next();
                try {
                    if (enter(open, name)) {
                        return;
                    }
                } catch (LinuxFiles.Failure e) {
                    throw failed(open.place, name, e);
                }
            }
            leave(open);
        }

        /** Goes back up. Whoever moves directories about meanwhile is found out. */
        private void leave(Open open) throws IOException {
            way.pop();
            if (!unchanged(open.before, LinuxFiles.stat(open.descriptor))) {
                throw changed(open.place, "", null);
            }
            Open parent = way.peek();
            if (parent != null && parent.descriptor < 0) {
                try {
                    parent.descriptor = LinuxFiles.openDirectory(open.descriptor, "..");
                } catch (LinuxFiles.Failure e) {
                    throw failed(open.place, "", e);
                }
                stillOpen.addLast(parent);
                if (!unchanged(parent.before, LinuxFiles.stat(parent.descriptor))) {
                    throw changed(parent.place, "", null);
                }
            }
            stillOpen.removeFirst();
            LinuxFiles.close(open.descriptor);
        }

        /** @return whether it was a directory, which is now the one to read */
        private boolean enter(Open open, String name) throws IOException {
            LinuxFiles.Stat stat = LinuxFiles.stat(open.descriptor, name);
            Map<String, Node> children = open.directory.children();
            if (stat.type() == LinuxFiles.Type.DIRECTORY) {
                Directory directory = new Directory(attributes(open, name, stat));
                int descriptor = LinuxFiles.openDirectory(open.descriptor, name);
                LinuxFiles.Stat opened;
                try {
                    opened = LinuxFiles.stat(descriptor);
                } catch (IOException e) {
                    LinuxFiles.close(descriptor);
                    throw e;
                }
                if (!unchanged(stat, opened)) {
                    LinuxFiles.close(descriptor);
                    throw changed(open.place, name, null);
                }
                children.put(name, directory);
                push(new Open(new Place(open.place, name), stat, directory, descriptor));
                return true;
            }
            if (stat.links() < 2) {
                children.put(name, leaf(open, name, stat));
                return false;
            }
            Inode inode = new Inode(stat.device(), stat.inode());
            Node node = linked.get(inode);
            if (node == null) {
                node = leaf(open, name, stat);
                linked.put(inode, node);
            }
            children.put(name, node);
            return false;
        }

        private Node leaf(Open open, String name, LinuxFiles.Stat stat) throws IOException {
            Attributes attributes = attributes(open, name, stat);
            return switch (stat.type()) {
                case FILE -> new RegularFile(attributes, new FileContent(open.place, name, stat));
                case SYMLINK -> new Symlink(attributes, LinuxFiles.readLink(open.descriptor, name));
                case BLOCK_DEVICE, CHARACTER_DEVICE -> new Device(attributes,
                        stat.type() == LinuxFiles.Type.BLOCK_DEVICE, stat.major(), stat.minor());
                case FIFO -> new Special(attributes, Special.Kind.FIFO);
                case SOCKET -> new Special(attributes, Special.Kind.SOCKET);
                case DIRECTORY -> throw new IllegalStateException("A directory is no leaf");
            };
        }

        private Attributes attributes(Open open, String name, LinuxFiles.Stat stat) throws IOException {
            Map<String, byte[]> xattrs = Map.of();
            List<String> names = LinuxFiles.xattrs(open.descriptor, name);
            for (String xattr : names) {
                if (!xattr.startsWith("user.") && !xattr.startsWith("trusted.") && !xattr.startsWith("security.")) {
                    foreignXattrs++;
                    continue;
                }
                if (xattrs.isEmpty()) {
                    xattrs = new TreeMap<>();
                }
                xattrs.put(xattr, LinuxFiles.xattr(open.descriptor, name, xattr));
            }
            long mtime = Math.clamp(stat.mtime(), 0, MAX_TIME);
            if (mtime != stat.mtime()) {
                clampedTimes++;
            }
            // Permission bits of a link mean nothing and differ between file systems' defaults; the kernel says 0777.
            return new Attributes(stat.mode(), stat.uid(), stat.gid(), mtime, xattrs);
        }

        void tell(Consumer<Event> events) {
            if (foreignXattrs > 0) {
                events.accept(Event.warning(("%d extended attributes in %s are left out (access control lists and others "
                        + "that images cannot keep)").formatted(foreignXattrs, path)));
            }
            if (clampedTimes > 0) {
                events.accept(Event.warning("%d modification times in %s are before 1970 or after 2106 and were brought into range"
                        .formatted(clampedTimes, path)));
            }
        }
    }
}
