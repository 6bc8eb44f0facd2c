package io.sifter.engine.cache;

import io.sifter.image.layout.OciStore;
import io.sifter.spi.error.ExternalException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * Where everything of the cache lies; the only class that knows a path inside it.
 *
 * <pre>
 * oci/        an OCI image layout: blobs, index.json, oci-layout and nothing else
 * oci-tmp/    HASH/NAME_TAG.sif, images as actions run them; library, oras and net likewise hold files that came ready
 * pack/       layers as compressed blocks with their journals
 * part/       what is being made: downloads, packs; and records of files being made elsewhere
 * lock/       empty files that are locked
 * seen/       which image a reference led to last
 * </pre>
 *
 * A file appears complete or not at all: it is made in {@code part} and moved. Anyone may delete anything at any time;
 * who finds something missing makes it again. Safe for any thread and for any number of processes.
 */
public final class Cache {
    private final Path root;

    private Cache(Path root) {
        this.root = root;
    }

    /** @throws ExternalException if the directory cannot be made */
    public static Cache at(Path root) throws ExternalException {
        Cache cache = new Cache(root.toAbsolutePath().normalize());
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
        return OciStore.create(directory("oci"), directory("part"));
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

    /** A directory of the cache, made again if someone deleted it. Private, as it may hold private images. */
    private Path directory(String name) throws IOException {
        Path directory = root.resolve(name);
        if (!Files.isDirectory(directory)) {
            Files.createDirectories(directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        }
        return directory;
    }
}
