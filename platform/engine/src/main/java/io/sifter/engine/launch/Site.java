package io.sifter.engine.launch;

import io.sifter.spi.error.UserException;
import io.sifter.spi.launch.Namespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a site allows and mounts, under the names of the reference's directives. Rules for those who use this installation; they are no
 * walls, for nothing here has more power than its user.
 *
 * @param images kinds of images that may be run: {@code sif}, {@code squashfs}, {@code dir}
 * @param owners that images of ordinary users must have, by name or number; any if there are none
 * @param groups that images of ordinary users must have, by name or number; any if there are none
 * @param paths that images of ordinary users must lie below; any if there are none
 * @param binds {@code source[:destination[:options]]}, mounted into every container where the source exists
 * @param userBinds whether users may mount what they like
 * @param without default mounts that are left out, as {@code --no-mount} has them, or files that are not written: {@code /etc/passwd},
 *        {@code /etc/group}, {@code /etc/resolv.conf}
 * @param minimalDevices whether {@code /dev} is always a minimal one
 * @param memory MiB that {@code --writable-tmpfs} may write
 * @param unpacks whether images may be unpacked to temporary directories
 * @param shared namespaces that no container may have for itself
 * @param gpus whose drivers' files every container gets
 */
public record Site(Set<String> images, List<String> owners, List<String> groups, List<Path> paths, List<String> binds, boolean userBinds,
                   Set<String> without, boolean minimalDevices, int memory, boolean unpacks, Set<Namespace> shared, Set<Gpu> gpus) {
    public static final Site DEFAULT = new Site(Set.of("sif", "squashfs", "dir"), List.of(), List.of(), List.of(), List.of("/etc/localtime", "/etc/hosts"), true,
            Set.of(), false, 64, true, Set.of(), Set.of());

    public Site {
        images = Set.copyOf(images);
        owners = List.copyOf(owners);
        groups = List.copyOf(groups);
        paths = List.copyOf(paths);
        binds = List.copyOf(binds);
        without = Set.copyOf(without);
        shared = Set.copyOf(shared);
        gpus = Set.copyOf(gpus);
    }

    /**
     * Checks whether an image may be run.
     *
     * @throws UserException if the site does not allow it
     */
    void require(LocatedImage image, Host host) throws IOException {
        String kind = image instanceof LocatedImage.SquashFs file ? file.offset() == 0 ? "squashfs" : "sif" : "dir";
        if (!images.contains(kind)) {
            throw refused("configuration disallows users from running %s containers".formatted(switch (kind) {
                case "sif" -> "SIF";
                case "squashfs" -> "squashFS";
                default -> "sandbox";
            }), image);
        }
        if (host.uid() == 0) {
            return;
        }
        Map<String, Object> about = Files.readAttributes(image.path(), "unix:uid,gid,owner,group");
        if (!owners.isEmpty() && !contains(owners, about.get("owner"), about.get("uid"))) {
            throw refused("image is not owned by required user(s)", image);
        }
        if (!groups.isEmpty() && !contains(groups, about.get("group"), about.get("gid"))) {
            throw refused("image is not owned by required group(s)", image);
        }
        if (!paths.isEmpty()) {
            Path real = image.path().toRealPath();
            boolean allowed = false;
            for (Path path : paths) {
                allowed |= Files.isDirectory(path) && real.startsWith(path.toRealPath());
            }
            if (!allowed) {
                throw refused("image is not in an allowed configured path", image);
            }
        }
    }

    private static boolean contains(List<String> allowed, Object name, Object number) {
        return allowed.contains(String.valueOf(name)) || allowed.contains(String.valueOf(number));
    }

    private static UserException refused(String why, LocatedImage image) {
        return new UserException("%s: %s".formatted(image.path(), why), "The site's configuration says so, /etc/sifter/sifter.conf; ask who keeps it.");
    }

    /** Whether only images in certain directories may be run, however links lead there. */
    boolean restrictsPaths() {
        return !paths.isEmpty();
    }

    /** Whether a namespace may be a container's own. */
    boolean allows(Namespace namespace) {
        return !shared.contains(namespace);
    }
}
