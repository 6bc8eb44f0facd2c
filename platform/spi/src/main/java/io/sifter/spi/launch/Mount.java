package io.sifter.spi.launch;

import java.nio.file.Path;
import java.util.Objects;
import java.util.OptionalLong;

/**
 * One step in putting a container's file tree together. Steps are taken in order; each destination is an absolute path
 * in the container that exists when its step is taken.
 */
public sealed interface Mount {
    String destination();

    /**
     * A file or directory of the host, with everything mounted below it. Destination {@code /} makes it the root.
     *
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

    /** An empty directory, made in a file system of memory that an earlier step mounted. */
    record MakeDirectory(String destination, int mode) implements Mount {
        public MakeDirectory {
            requireAbsolute(destination);
        }
    }

    /** A symbolic link, made in a file system of memory that an earlier step mounted. */
    record MakeSymlink(String destination, String target) implements Mount {
        public MakeSymlink {
            requireAbsolute(destination);
        }
    }

    /** A small file, bound over an existing one or made in a file system of memory; readable by all. */
    record Data(String content, String destination) implements Mount {
        public Data {
            Objects.requireNonNull(content);
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

    private static void requireAbsolute(String destination) {
        if (!destination.startsWith("/")) {
            throw new IllegalArgumentException("destination must be an absolute path: " + destination);
        }
    }
}
