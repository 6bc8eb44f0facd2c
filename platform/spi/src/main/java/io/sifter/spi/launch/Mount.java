package io.sifter.spi.launch;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;

/**
 * One step in putting a container's file tree together. Steps are taken in order. Each destination is an absolute path in
 * the container without symbolic links, raw bytes, one byte a character; unless a step makes it, it exists when its step is
 * taken. Devices work below {@code /dev} only, set-user-ID bits need not work.
 */
public sealed interface Mount {
    String destination();

    /**
     * A file or directory of the host, with everything mounted below it. Destination {@code /} makes it the root.
     *
     * @param readOnly whether nothing below can be written, mounts below the source included
     * @param optional whether a source that cannot be mounted is passed over in silence
     */
    record Bind(Path source, String destination, boolean readOnly, boolean optional) implements Mount {
        public Bind {
            Objects.requireNonNull(source);
            requireAbsolute(destination);
        }
    }

    /**
     * An empty file system in memory.
     *
     * @param mode permission bits of its root
     * @param size limit in bytes
     */
    record Tmpfs(String destination, int mode, OptionalLong size) implements Mount {
        public Tmpfs {
            requireAbsolute(destination);
        }
    }

    /** An empty directory, made in a file system of memory that an earlier step mounted, or in a writable root. */
    record MakeDirectory(String destination, int mode) implements Mount {
        public MakeDirectory {
            requireAbsolute(destination);
        }
    }

    /** A symbolic link, made in a file system of memory that an earlier step mounted, or in a writable root. */
    record MakeSymlink(String destination, String target) implements Mount {
        public MakeSymlink {
            requireAbsolute(destination);
        }
    }

    /** An empty file to mount on, made in a file system of memory that an earlier step mounted, or in a writable root. */
    record MakeFile(String destination) implements Mount {
        public MakeFile {
            requireAbsolute(destination);
        }
    }

    /**
     * A small file, readable by all. In a file system of memory that an earlier step mounted it is made; anywhere else it
     * is bound over the file that is there.
     */
    record Data(String content, String destination) implements Mount {
        public Data {
            Objects.requireNonNull(content);
            requireAbsolute(destination);
        }
    }

    /** Makes a file system of memory that an earlier step mounted read-only. What is mounted in it stays as it is. */
    record Seal(String destination) implements Mount {
        public Seal {
            requireAbsolute(destination);
        }
    }

    /** The process file system of the container's pid namespace. */
    record Proc(String destination) implements Mount {
        public Proc {
            requireAbsolute(destination);
        }
    }

    /** A minimal {@code /dev}: null, zero, full, random, urandom, tty, pts, shm, the standard streams. */
    record Dev(String destination) implements Mount {
        public Dev {
            requireAbsolute(destination);
        }
    }

    /** Whether the file system that {@code path} lies in was made empty by one of the steps {@code taken} before. */
    static boolean inMemory(String path, List<Mount> taken) {
        Mount innermost = null;
        for (Mount step : taken) {
            String at = step.destination();
            boolean mounts = step instanceof Bind || step instanceof Tmpfs || step instanceof Proc || step instanceof Dev;
            if (mounts && (at.equals("/") || path.startsWith(at + "/")) && (innermost == null || at.length() >= innermost.destination().length())) {
                innermost = step;
            }
        }
        return innermost instanceof Tmpfs || innermost instanceof Dev;
    }

    private static void requireAbsolute(String destination) {
        if (!destination.startsWith("/")) {
            throw new IllegalArgumentException("destination must be an absolute path: " + destination);
        }
    }
}
