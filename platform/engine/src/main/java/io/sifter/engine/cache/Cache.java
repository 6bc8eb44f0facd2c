package io.sifter.engine.cache;

import io.sifter.image.layout.OciStore;
import io.sifter.spi.error.ExternalException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Set;

/**
 * Where everything of the cache lies; the only class that knows a path inside it.
 *
 * <pre>
 * oci/        an OCI image layout: blobs, index.json, oci-layout and nothing else
 * oci-tmp/    HASH/NAME_TAG.sif, images as actions run them; library, oras and net likewise hold files that came ready
 * pack/       layers as compressed blocks with their journals; how images were put together of them; what stages of definitions came to
 * part/       what is being made: downloads, packs; and records of files being made elsewhere
 * lock/       empty files that are locked
 * seen/       which image a reference led to last
 * </pre>
 *
 * A file appears complete or not at all: it is made in {@code part} and moved. Anyone may delete anything at any time;
 * who finds something missing makes it again. Safe for any thread and for any number of processes.
 */
public final class Cache {
    /** What may hold private images is closed to others. */
    static final FileAttribute<Set<PosixFilePermission>> PRIVATE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    private final Path root;
    private final Set<String> trustedOwners;

    private Cache(Path root, Set<String> trustedOwners) {
        this.root = root;
        this.trustedOwners = trustedOwners;
    }

    /** @throws ExternalException if the directory cannot be made */
    public static Cache at(Path root) throws ExternalException {
        return at(root, Set.of());
    }

    /**
     * @param trustedOwners names or numbers of users whose packs and images are used as one's own and root's are
     * @throws ExternalException if the directory cannot be made
     */
    public static Cache at(Path root, Set<String> trustedOwners) throws ExternalException {
        Cache cache = new Cache(root.toAbsolutePath().normalize(), Set.copyOf(trustedOwners));
        try {
            for (String name : new String[] {"pack", "part", "lock", "seen", "oci-tmp"}) {
                cache.directory(name);
            }
        } catch (IOException e) {
            throw new ExternalException("Cannot make the cache directory %s: %s".formatted(root, e.getMessage()),
                    "Make it writable, name another with SINGULARITY_CACHEDIR, or set SINGULARITY_DISABLE_CACHE=1.", e);
        }
        return cache;
    }

    public Path root() {
        return root;
    }

    /** The layout with all blobs that were fetched. */
    public OciStore oci() throws IOException {
        return OciStore.create(directory("oci"), directory("part"), () -> partial("oci"));
    }

    public Path ociDirectory() {
        return root.resolve("oci");
    }

    /**
     * Where a SIF file that can be run as it is lies; its directory may not exist yet.
     *
     * @param key what determines the file's content, such as a digest; one directory for each
     * @param fileName shown to users as the name of the container
     * @throws IllegalArgumentException if either is no plain file name
     */
    public Path ready(CacheContents.Type type, String key, String fileName) {
        for (String name : new String[] {key, fileName}) {
            if (name.isEmpty() || name.startsWith(".") || name.indexOf('/') >= 0 || name.indexOf('\0') >= 0) {
                throw new IllegalArgumentException("Not a name for a file of the cache: '%s'".formatted(name));
            }
        }
        return root.resolve(type.toString()).resolve(key).resolve(fileName);
    }

    /**
     * Whether a file may be used as if this user had made it. Blobs are held against their digests; packs and images
     * cannot be, so whoever could have written one must be trusted.
     */
    public boolean trusted(Path file) {
        try {
            Object owner = Files.getAttribute(file, "unix:uid", LinkOption.NOFOLLOW_LINKS);
            return owner.equals(0) || owner.equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"))
                    || trustedOwners.contains(owner.toString())
                    || !trustedOwners.isEmpty() && trustedOwners.contains(Files.getOwner(file, LinkOption.NOFOLLOW_LINKS).getName());
        } catch (IOException absent) {
            return false;
        }
    }

    /** Notes that a file was used now: what was not used for longest goes first when the cache is to be smaller. */
    public static void used(Path file) {
        try {
            Files.getFileAttributeView(file, BasicFileAttributeView.class).setTimes(null, FileTime.from(Instant.now()), null);
        } catch (IOException e) {
            // It is gone, or another user's: then that user's uses count.
        }
    }

    Path pack(String key) throws IOException {
        return directory("pack").resolve(key + ".pack");
    }

    Path part() throws IOException {
        return directory("part");
    }

    Path lock(String name) throws IOException {
        return directory("lock").resolve(name + ".lock");
    }

    Path seen(String name) throws IOException {
        return directory("seen").resolve(name);
    }

    /** A name for a file in the making, given out once, that tells whose it is. */
    Path partial(String name) throws IOException {
        return part().resolve(SideFiles.ownedName(name, ProcessHandle.current()));
    }

    /** A directory of the cache, made again if someone deleted it. */
    private Path directory(String name) throws IOException {
        Path directory = root.resolve(name);
        if (!Files.isDirectory(directory)) {
            Files.createDirectories(directory, PRIVATE);
        }
        return directory;
    }
}
