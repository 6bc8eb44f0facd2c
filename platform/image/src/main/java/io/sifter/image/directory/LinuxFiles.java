package io.sifter.image.directory;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.sifter.spi.tree.RawName;
import io.sifter.squashfs.foreign.NativeFunction;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Linux system calls that name files relative to open directories, by raw names, and never follow a symbolic link in the
 * last component. The JDK's own file calls turn names into text, which loses bytes, and take whole paths, which others
 * can redirect. Descriptors are plain numbers; who opened one closes it. Safe for any thread.
 */
@SuppressWarnings("restricted")
public final class LinuxFiles {
    public static final int EPERM = 1;
    public static final int ENOENT = 2;
    private static final int EINTR = 4;
    public static final int EACCES = 13;
    public static final int ENOTDIR = 20;
    public static final int EINVAL = 22;
    private static final int ENOSPC = 28;
    private static final int ERANGE = 34;
    private static final int ENAMETOOLONG = 36;
    public static final int ELOOP = 40;
    private static final int EOPNOTSUPP = 95;
    private static final int EDQUOT = 122;

    private static final int AT_FDCWD = -100;
    private static final int AT_SYMLINK_NOFOLLOW = 0x100;
    private static final int AT_REMOVEDIR = 0x200;
    private static final int AT_EMPTY_PATH = 0x1000;
    private static final int LOCK_EX = 2;
    private static final int LOCK_NB = 4;
    private static final int RENAME_EXCHANGE = 2;
    private static final int O_RDONLY = 0;
    private static final int O_WRONLY = 1;
    private static final int O_CREAT = 0100;
    private static final int O_EXCL = 0200;
    private static final int O_NONBLOCK = 04000;
    private static final int O_CLOEXEC = 02000000;
    /** Type, mode, links, owner, times, inode, size: all that a plain stat tells. */
    private static final int STATX_BASIC_STATS = 0x7FF;

    /** What the kernel takes as a path: 4095 bytes and a NUL. */
    private static final int PATH_MAX = 4096;
    /** The most bytes that one {@link #read} or {@link #write} moves; more than an extended attribute's value has. */
    private static final int DATA_SIZE = 128 << 10;

    private static final Machine MACHINE = Machine.here();
    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

    private static final NativeFunction CLOSE = NativeFunction.ofSystem("close");
    private static final NativeFunction FLOCK = NativeFunction.ofSystem("flock");
    private static final NativeFunction RENAMEAT = NativeFunction.ofSystem("renameat");
    private static final NativeFunction UNLINKAT = NativeFunction.ofSystem("unlinkat");
    private static final NativeFunction STRERROR = NativeFunction.ofSystem("strerror");
    private static final NativeFunction STATX = NativeFunction.ofSystem("statx");
    private static final NativeFunction GETEUID = NativeFunction.ofSystem("geteuid");
    // Older C libraries have no function for some calls; and what takes a varying number of parameters is not called like others everywhere.
    private static final NativeFunction SYSCALL = NativeFunction.ofSystem("syscall");
    private static final NativeFunction READ = NativeFunction.ofSystem("read");
    private static final NativeFunction PWRITE = NativeFunction.ofSystem("pwrite");
    private static final NativeFunction FTRUNCATE = NativeFunction.ofSystem("ftruncate");
    private static final NativeFunction MKDIRAT = NativeFunction.ofSystem("mkdirat");
    private static final NativeFunction SYMLINKAT = NativeFunction.ofSystem("symlinkat");
    private static final NativeFunction LINKAT = NativeFunction.ofSystem("linkat");
    private static final NativeFunction RENAMEAT2 = NativeFunction.ofSystem("renameat2");
    private static final NativeFunction READLINKAT = NativeFunction.ofSystem("readlinkat");
    private static final NativeFunction FCHOWNAT = NativeFunction.ofSystem("fchownat");
    private static final NativeFunction FCHMOD = NativeFunction.ofSystem("fchmod");
    private static final NativeFunction FCHMODAT = NativeFunction.ofSystem("fchmodat");
    private static final NativeFunction FUTIMENS = NativeFunction.ofSystem("futimens");
    private static final NativeFunction UTIMENSAT = NativeFunction.ofSystem("utimensat");
    private static final NativeFunction FSETXATTR = NativeFunction.ofSystem("fsetxattr");
    private static final NativeFunction LSETXATTR = NativeFunction.ofSystem("lsetxattr");
    private static final NativeFunction LLISTXATTR = NativeFunction.ofSystem("llistxattr");
    private static final NativeFunction LGETXATTR = NativeFunction.ofSystem("lgetxattr");

    private LinuxFiles() {}

    /** A system call that failed, with the kernel's number and words. */
    public static final class Failure extends IOException {
        private final int errno;

        private Failure(String what, int errno) {
            super("%s: %s".formatted(what, words(errno)));
            this.errno = errno;
        }

        /** The same failure, told with the path where it happened. */
        public Failure at(String path) {
            Failure told = new Failure(path, errno);
            told.initCause(this);
            return told;
        }

        public int errno() {
            return errno;
        }

        /** Whether there is no room, or no more than the user may take. */
        public boolean full() {
            return errno == ENOSPC || errno == EDQUOT;
        }
    }

    /** Whether a failure, of this class or of the JDK, means that there is no room or no more than the user may take. */
    public static boolean full(IOException failure) {
        if (failure instanceof Failure known) {
            return known.full();
        }
        String said = String.valueOf(failure.getMessage());
        return said.contains("No space left") || said.contains("quota exceeded");
    }

    /** What kind of thing a name stands for, with the kernel's number in a mode. */
    public enum Type {
        FIFO(1), CHARACTER_DEVICE(2), DIRECTORY(4), BLOCK_DEVICE(6), FILE(8), SYMLINK(10), SOCKET(12);

        private final int code;

        Type(int code) {
            this.code = code;
        }

        private int bits() {
            return code << 12;
        }

        private static Type of(int mode) throws IOException {
            for (Type type : values()) {
                if (type.bits() == (mode & 0170000)) {
                    return type;
                }
            }
            throw new IOException("The kernel tells of a type of file that is not known: 0%o".formatted(mode));
        }
    }

    /**
     * What the kernel says of an inode.
     *
     * @param mode permission bits, 0 to 07777
     * @param device of the file system, any number that tells it apart
     * @param mtime seconds since 1970, negative before
     * @param changed when content or attributes changed last, nanoseconds; comparable for equality only
     * @param major of a device
     * @param minor of a device
     */
    public record Stat(Type type, int mode, long uid, long gid, long links, long device, long inode, long size, long mtime,
                       long changed, int major, int minor) {}

    // ---- opening ------------------------------------------------------------------------------------------------

    /** Opens a directory by path, links followed: it is the user who named it. */
    public static int openDirectory(Path path) throws IOException {
        return (int) check("open " + path, s -> SYSCALL.call(s.errno, MACHINE.openat, AT_FDCWD, s.first(bytes(path)),
                O_RDONLY | MACHINE.directory | O_CLOEXEC, 0));
    }

    public static int openDirectory(int directory, String name) throws IOException {
        return (int) check("open", name, s -> SYSCALL.call(s.errno, MACHINE.openat, directory, s.first(name),
                O_RDONLY | MACHINE.directory | MACHINE.noFollow | O_CLOEXEC, 0));
    }

    /** Opens for reading; does not wait if it turns out to be a FIFO. */
    public static int openFile(int directory, String name) throws IOException {
        return (int) check("open", name, s -> SYSCALL.call(s.errno, MACHINE.openat, directory, s.first(name),
                O_RDONLY | O_NONBLOCK | MACHINE.noFollow | O_CLOEXEC, 0));
    }

    /**
     * Makes a file for writing.
     *
     * @param mode from which the umask is taken away
     */
    public static int createFile(int directory, String name, int mode) throws IOException {
        return (int) check("create", name, s -> SYSCALL.call(s.errno, MACHINE.openat, directory, s.first(name),
                O_WRONLY | O_CREAT | O_EXCL | MACHINE.noFollow | O_CLOEXEC, mode));
    }

    /** Closes a descriptor; what the kernel says is of no use, for what was written is known to be. */
    public static void close(int descriptor) {
        CLOSE.call(descriptor);
    }

    // ---- content ------------------------------------------------------------------------------------------------

    /** @return how many bytes, -1 at the end */
    public static int read(int file, byte[] into, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        long wanted = Math.min(length, DATA_SIZE);
        int got = (int) check("read a file", s -> READ.call(s.errno, file, s.data.address(), wanted));
        if (got == 0) {
            return -1;
        }
        MemorySegment.copy(SCRATCH.get().data, JAVA_BYTE, 0, into, offset, got);
        return got;
    }

    /** Writes what remains in the buffer; what lies on the heap is copied first. */
    public static void write(int file, long position, ByteBuffer from) throws IOException {
        MemorySegment all = MemorySegment.ofBuffer(from);
        int length = from.remaining();
        for (int done = 0; done < length; ) {
            long at = position + done;
            long start = done;
            int part = all.isNative() ? length - done : Math.min(length - done, DATA_SIZE);
            done += (int) check("write a file", s -> {
                MemorySegment source = all.asSlice(start, part);
                MemorySegment data = all.isNative() ? source : s.data.asSlice(0, part).copyFrom(source);
                return PWRITE.call(s.errno, file, data.address(), part, at);
            });
        }
        Reference.reachabilityFence(from);
    }

    /** Makes a file so long; what is added is a hole. */
    public static void truncate(int file, long size) throws IOException {
        check("set the size of a file", s -> (int) FTRUNCATE.call(s.errno, file, size));
    }

    // ---- names --------------------------------------------------------------------------------------------------

    /** Makes a directory that only the caller may enter, whatever the umask, and opens it. */
    public static int makeDirectory(int directory, String name) throws IOException {
        makeDirectory(directory, name, 0700);
        try {
            return openDirectory(directory, name);
        } catch (Failure e) {
            if (e.errno != EACCES) {
                throw e;
            }
        }
        changeMode(directory, name, 0700);
        return openDirectory(directory, name);
    }

    public static void makeDirectory(int directory, String name, int mode) throws IOException {
        check("make the directory", name, s -> (int) MKDIRAT.call(s.errno, directory, s.first(name), mode));
    }

    public static void makeSymlink(int directory, String name, String target) throws IOException {
        check("make the link", name,
                s -> (int) SYMLINKAT.call(s.errno, s.first(target), directory, s.second(name)));
    }

    /** Gives an inode another name; of a symbolic link, the link itself. */
    public static void link(int fromDirectory, String from, int directory, String name) throws IOException {
        check("link", name, s -> (int) LINKAT.call(s.errno, fromDirectory, s.first(from), directory, s.second(name), 0));
    }

    /** Makes a device, FIFO or socket. */
    public static void makeNode(int directory, String name, Type type, int major, int minor) throws IOException {
        long device = (minor & 0xFFL) | (long) (major & 0xFFF) << 8 | (minor & 0xFFF00L) << 12;
        check("make the device", name, s -> SYSCALL.call(s.errno, MACHINE.mknodat, directory, s.first(name), type.bits() | 0600, device));
    }

    /** Locks what is open against others of this machine until it is closed, if nobody else has. */
    static boolean lock(int descriptor) throws IOException {
        try {
            check("lock a file", s -> (int) FLOCK.call(s.errno, descriptor, LOCK_EX | LOCK_NB));
            return true;
        } catch (Failure e) {
            return false;
        }
    }

    public static void remove(int directory, String name, boolean isDirectory) throws IOException {
        check("remove", name, s -> (int) UNLINKAT.call(s.errno, directory, s.first(name), isDirectory ? AT_REMOVEDIR : 0));
    }

    /** Renames within a directory; a file that has the new name is replaced. */
    public static void rename(int directory, String from, String to) throws IOException {
        check("rename to", to, s -> (int) RENAMEAT.call(s.errno, directory, s.first(from), directory, s.second(to)));
    }

    /** Lets two names of a directory change places, at once. Some file systems cannot: {@link #EINVAL}. */
    public static void exchange(int directory, String one, String other) throws IOException {
        check("rename to", other, s -> (int) RENAMEAT2.call(s.errno, directory, s.first(one), directory, s.second(other), RENAME_EXCHANGE));
    }

    public static String readLink(int directory, String name) throws IOException {
        int length = (int) check("read the link", name, s -> READLINKAT.call(s.errno, directory, s.first(name), s.data.address(), DATA_SIZE));
        return RawName.of(SCRATCH.get().data.asSlice(0, length).toArray(JAVA_BYTE));
    }

    /** Names in a directory that was opened and not yet listed, in the file system's order. */
    public static List<String> list(int directory) throws IOException {
        List<String> names = new ArrayList<>();
        while (true) {
            long length = check("list a directory", s -> SYSCALL.call(s.errno, MACHINE.getdents64, directory, s.data.address(), DATA_SIZE));
            if (length == 0) {
                return names;
            }
            MemorySegment data = SCRATCH.get().data;
            // inode 8 bytes, position 8, length of the record 2, type 1, name and NUL.
            for (long at = 0; at < length; at += Short.toUnsignedInt(data.get(JAVA_SHORT_UNALIGNED, at + 16))) {
                String name = data.getString(at + 19, StandardCharsets.ISO_8859_1);
                if (!name.equals(".") && !name.equals("..")) {
                    names.add(name);
                }
            }
        }
    }

    // ---- attributes ---------------------------------------------------------------------------------------------

    public static Stat stat(int directory, String name) throws IOException {
        return stat(directory, name, AT_SYMLINK_NOFOLLOW);
    }

    public static Stat stat(int descriptor) throws IOException {
        return stat(descriptor, "", AT_EMPTY_PATH);
    }

    private static Stat stat(int directory, String name, int flags) throws IOException {
        check("look at", name, s -> (int) STATX.call(s.errno, directory, s.first(name), flags, STATX_BASIC_STATS, s.data.address()));
        MemorySegment x = SCRATCH.get().data;
        // struct statx, linux/stat.h: the same on every machine.
        int mode = Short.toUnsignedInt(x.get(ValueLayout.JAVA_SHORT, 28));
        return new Stat(Type.of(mode), mode & 07777, Integer.toUnsignedLong(x.get(JAVA_INT, 20)),
                Integer.toUnsignedLong(x.get(JAVA_INT, 24)), Integer.toUnsignedLong(x.get(JAVA_INT, 16)),
                (long) x.get(JAVA_INT, 136) << 32 | Integer.toUnsignedLong(x.get(JAVA_INT, 140)), x.get(JAVA_LONG, 32),
                x.get(JAVA_LONG, 40), x.get(JAVA_LONG, 112),
                x.get(JAVA_LONG, 96) * 1_000_000_000L + x.get(JAVA_INT, 104), x.get(JAVA_INT, 128), x.get(JAVA_INT, 132));
    }

    public static void changeOwner(int directory, String name, long uid, long gid) throws IOException {
        check("change the owner of", name, s -> (int) FCHOWNAT.call(s.errno, directory, s.first(name), (int) uid, (int) gid, AT_SYMLINK_NOFOLLOW));
    }

    public static void changeOwner(int descriptor, long uid, long gid) throws IOException {
        check("change an owner", s -> (int) FCHOWNAT.call(s.errno, descriptor, s.first(""), (int) uid, (int) gid, AT_EMPTY_PATH));
    }

    /** Of anything but a symbolic link, which would be followed. */
    public static void changeMode(int directory, String name, int mode) throws IOException {
        check("change the mode of", name, s -> (int) FCHMODAT.call(s.errno, directory, s.first(name), mode, 0));
    }

    public static void changeMode(int descriptor, int mode) throws IOException {
        check("change a mode", s -> (int) FCHMOD.call(s.errno, descriptor, mode));
    }

    /** Sets access and modification time, whole seconds since 1970. */
    public static void changeTime(int directory, String name, long seconds) throws IOException {
        check("change the time of", name, s -> (int) UTIMENSAT.call(s.errno, directory, s.first(name), s.times(seconds), AT_SYMLINK_NOFOLLOW));
    }

    /** Sets access and modification time, whole seconds since 1970. */
    public static void changeTime(int descriptor, long seconds) throws IOException {
        check("change a time", s -> (int) FUTIMENS.call(s.errno, descriptor, s.times(seconds)));
    }

    public static void setXattr(int directory, String name, String xattr, byte[] value) throws IOException {
        check("set %s of".formatted(RawName.display(xattr)), name, s -> (int) LSETXATTR.call(s.errno,
                s.first(below(directory, name)), s.second(xattr), s.data(value), value.length, 0));
    }

    public static void setXattr(int descriptor, String xattr, byte[] value) throws IOException {
        check("set", xattr, s -> (int) FSETXATTR.call(s.errno, descriptor, s.first(xattr), s.data(value), value.length, 0));
    }

    /** Names of the extended attributes that the caller may see; none where the file system has none. */
    public static List<String> xattrs(int directory, String name) throws IOException {
        int length;
        try {
            length = (int) check("list the extended attributes of", name, s -> LLISTXATTR.call(s.errno, s.first(below(directory, name)), s.data.address(), DATA_SIZE));
        } catch (Failure e) {
            if (e.errno == EOPNOTSUPP) {
                return List.of();
            }
            throw e;
        }
        List<String> names = new ArrayList<>();
        MemorySegment data = SCRATCH.get().data;
        for (int at = 0; at < length; ) {
            String xattr = data.getString(at, StandardCharsets.ISO_8859_1);
            names.add(xattr);
            at += xattr.length() + 1;
        }
        return names;
    }

    public static byte[] xattr(int directory, String name, String xattr) throws IOException {
        int length = (int) check("read %s of".formatted(RawName.display(xattr)), name, s -> LGETXATTR.call(s.errno, s.first(below(directory, name)), s.second(xattr), s.data.address(), DATA_SIZE));
        return SCRATCH.get().data.asSlice(0, length).toArray(JAVA_BYTE);
    }

    /** Whose rights the process has. */
    public static long effectiveUser() {
        return Integer.toUnsignedLong((int) GETEUID.call());
    }

    /** A path's bytes, whatever the locale makes of them: only the URI shows them all. */
    public static String rawName(Path name) {
        byte[] path = bytes(name);
        int slash = path.length;
        while (slash > 0 && path[slash - 1] != '/') {
            slash--;
        }
        return new String(path, slash, path.length - slash, StandardCharsets.ISO_8859_1);
    }

    private static byte[] bytes(Path path) {
        String uri = path.toAbsolutePath().toUri().getRawPath();
        byte[] bytes = new byte[uri.length()];
        int length = 0;
        for (int at = 0; at < uri.length(); at++) {
            char c = uri.charAt(at);
            if (c == '%') {
                bytes[length++] = (byte) Integer.parseInt(uri.substring(at + 1, at + 3), 16);
                at += 2;
            } else {
                bytes[length++] = (byte) c;
            }
        }
        while (length > 1 && bytes[length - 1] == '/') {
            length--;
        }
        return java.util.Arrays.copyOf(bytes, length);
    }

    /** Where calls take paths only: the open directory by number, so that no parent can be exchanged. */
    private static String below(int directory, String name) {
        return "/proc/self/fd/" + directory + "/" + name;
    }

    // ---- calling ------------------------------------------------------------------------------------------------

    private interface Call {
        long run(Scratch scratch) throws Failure;
    }

    private static long check(String what, String name, Call call) throws IOException {
        try {
            return check("", call);
        } catch (Failure e) {
            throw new Failure("%s %s".formatted(what, RawName.display(name)), e.errno);
        }
    }

    private static long check(String what, Call call) throws IOException {
        Scratch scratch = SCRATCH.get();
        while (true) {
            long result = call.run(scratch);
            if (result >= 0) {
                return result;
            }
            int errno = scratch.errno.value();
            if (errno != EINTR) {
                throw new Failure(what, errno);
            }
        }
    }

    private static String words(int errno) {
        return MemorySegment.ofAddress(STRERROR.call(errno)).reinterpret(1024).getString(0);
    }

    /** Memory of one thread for what a call takes and gives. */
    private static final class Scratch {
        final NativeFunction.Errno errno;
        final MemorySegment data;
        private final MemorySegment first;
        private final MemorySegment second;
        private final MemorySegment times;

        Scratch() {
            Arena arena = Arena.ofAuto();
            errno = new NativeFunction.Errno(arena);
            data = arena.allocate(DATA_SIZE, 64);
            first = arena.allocate(PATH_MAX);
            second = arena.allocate(PATH_MAX);
            times = arena.allocate(4 * Long.BYTES, Long.BYTES);
        }

        long first(String raw) throws Failure {
            return terminated(first, RawName.bytes(raw));
        }

        long first(byte[] raw) throws Failure {
            return terminated(first, raw);
        }

        long second(String raw) throws Failure {
            return terminated(second, RawName.bytes(raw));
        }

        private static long terminated(MemorySegment slot, byte[] raw) throws Failure {
            if (raw.length >= PATH_MAX) {
                throw new Failure("name a file", ENAMETOOLONG);
            }
            MemorySegment.copy(raw, 0, slot, JAVA_BYTE, 0, raw.length);
            slot.set(JAVA_BYTE, raw.length, (byte) 0);
            return slot.address();
        }

        long data(byte[] value) throws Failure {
            if (value.length > DATA_SIZE) {
                throw new Failure("take a value of %d bytes".formatted(value.length), ERANGE);
            }
            MemorySegment.copy(value, 0, data, JAVA_BYTE, 0, value.length);
            return data.address();
        }

        long times(long seconds) {
            times.setAtIndex(JAVA_LONG, 0, seconds);
            times.setAtIndex(JAVA_LONG, 2, seconds);
            return times.address();
        }
    }

    /** Numbers that differ between machines; from the kernel's headers. */
    private enum Machine {
        AMD64(0200000, 0400000, 257, 217, 259),
        AARCH64(040000, 0100000, 56, 61, 33),
        RISCV64(0200000, 0400000, 56, 61, 33),
        PPC64LE(040000, 0100000, 286, 202, 288),
        S390X(0200000, 0400000, 288, 220, 290);

        private final int directory;
        private final int noFollow;
        private final long openat;
        private final long getdents64;
        private final long mknodat;

        Machine(int directory, int noFollow, long openat, long getdents64, long mknodat) {
            this.directory = directory;
            this.noFollow = noFollow;
            this.openat = openat;
            this.getdents64 = getdents64;
            this.mknodat = mknodat;
        }

        private static Machine here() {
            String name = System.getProperty("os.arch");
            for (Machine machine : values()) {
                if (machine.name().equalsIgnoreCase(name)) {
                    return machine;
                }
            }
            throw new UnsupportedOperationException("Directories cannot be read or written on " + name);
        }
    }
}
