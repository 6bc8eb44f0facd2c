package io.sifter.engine.build;

import io.sifter.engine.launch.Host;
import io.sifter.image.directory.DirectoryTree;
import io.sifter.spi.event.Event;
import io.sifter.spi.event.Event.Level;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.FileTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Roots of stages that cost what is changed in them: a base is mounted as a SquashFS file, whose blocks are those of the layers that were
 * converted, and above it lies a directory that takes what is written. One build, one thread.
 */
final class Overlays implements AutoCloseable {
    private static final String OF_KERNEL = "overlayfs";
    private static final List<String> SERVERS = List.of("squashfuse_ll", "squashfuse");

    private final Host host;
    private final DefinitionBuild.Engine engine;
    private final Consumer<Event> events;
    private final OwnMounts mounts;
    private final boolean first;
    private String kind = "";

    private Overlays(Host host, DefinitionBuild.Engine engine, OwnMounts mounts, boolean first, Consumer<Event> events) {
        this.host = host;
        this.engine = engine;
        this.mounts = mounts;
        this.first = first;
        this.events = events;
    }

    /**
     * Tries with an image of nothing whether this host lets overlays be mounted.
     *
     * @param work directory for what is tried; it stays
     */
    static Optional<Overlays> open(Host host, DefinitionBuild.Engine engine, Path work, Consumer<Event> events) throws IOException, InterruptedException {
        OwnMounts mounts = null;
        try {
            mounts = OwnMounts.open();
            Overlays overlays = new Overlays(host, engine, mounts, NamespaceTree.ofProcess().isFirst(), events);
            Path place = Files.createDirectory(work.resolve("tried"));
            try (Base nothing = Base.empty(engine.platform(), Instant.EPOCH)) {
                Layers layers = overlays.mount(nothing, place, false).orElseThrow();
                overlays.inside(() -> Files.createFile(layers.root().resolve("written")));
                overlays.kind = layers.kind();
                events.accept(new Event.Logged(Level.VERBOSE, "Working on overlays (%s)".formatted(layers.kind())));
            }
            return Optional.of(overlays);
        } catch (IOException e) {
            events.accept(new Event.Logged(Level.VERBOSE, "Working on whole copies, for overlays cannot be mounted: " + e.getMessage()));
        } catch (InterruptedException | RuntimeException e) {
            close(mounts);
            throw e;
        }
        close(mounts);
        return Optional.empty();
    }

    private static void close(OwnMounts mounts) {
        if (mounts != null) {
            mounts.close();
        }
    }

    /** Whether the kernel puts the layers together, so that there is one way only to read what it left. */
    boolean areKernels() {
        return kind.equals(OF_KERNEL);
    }

    /** A base with a layer applied that an earlier build left; its files are open as long as both are. */
    Base over(Base base, Directory layer) {
        Directory root = new OverlayMerge(first, false, 0).merge(base.tree().root(), layer);
        return new Base(Container.withRoot(base.tree(), root), base.ociConfig(), base.platform(), base.created(), base.identity());
    }

    /** Does something where the roots can be seen. */
    <T> T inside(Callable<T> task) throws IOException, InterruptedException {
        return mounts.inside(task);
    }

    /**
     * A root that was mounted, and what it consists of.
     *
     * @param image file with what is below
     * @param upper directory with what was written
     * @param kind of the file system, as stat(1) names it
     */
    record Layers(Path root, Path image, Path upper, String kind, OverlayMerge merge) {
        /** The tree; whoever asks for it lets nobody write any more, and closes it. */
        FileTree tree(Consumer<Event> events) throws IOException, InterruptedException {
            LocalImage below = LocalImage.open(image, events);
            try {
                FileTree above = DirectoryTree.open(upper, events);
                try {
                    Directory merged = merge.merge(below.tree().root(), above.root());
                    return new Tree(merged, below, above);
                } catch (RuntimeException e) {
                    above.close();
                    throw e;
                }
            } catch (IOException | InterruptedException | RuntimeException e) {
                below.close();
                throw e;
            }
        }

        private record Tree(Directory root, LocalImage below, FileTree above) implements FileTree {
            @Override
            public void close() throws IOException {
                try (below) {
                    above.close();
                }
            }
        }
    }

    /**
     * Mounts a base.
     *
     * @param place directory for all that is needed
     * @param last whether the image will be made of it
     * @return nothing if the base has what would mean something else below an overlay
     */
    Optional<Layers> mount(Base base, Path place, boolean last) throws IOException, InterruptedException {
        if (LayerTrees.hasMarks(base.tree().root())) {
            return Optional.empty();
        }
        Directory root = first ? base.tree().root() : NamespaceTree.ofProcess().of(base.tree().root(), events);
        Path image = place.resolve("base.squashfs");
        engine.pack(Container.withRoot(base.tree(), root), image, last);
        Path layer = Files.createDirectory(place.resolve("layer"));
        Path upper = layer.resolve("upper");
        Base linked = new Base(FileTree.of(LayerTrees.linked(root)), Optional.empty(), base.platform(), base.created(), "");
        engine.unpack(linked, upper);
        Path point = Files.createDirectory(place.resolve(StageRoot.NAME));
        long since = Instant.now().getEpochSecond();
        String said = inside(() -> {
            String answer = OwnMounts.run(command(image, layer, point));
            mounts.add(point);
            return answer;
        });
        return Optional.of(new Layers(point, image, upper, said, new OverlayMerge(first, !said.equals(OF_KERNEL), since)));
    }

    /** Mounts, moves the mount to where it is wanted, and says of what kind it is. */
    private List<String> command(Path image, Path layer, Path point) throws IOException {
        Path libexec = host.home().resolve("libexec");
        String path = host.searchPath().stream().map(Path::toString).collect(Collectors.joining(":"));
        boolean served = Files.isWritable(Path.of("/dev/fuse")) && SERVERS.stream().anyMatch(program -> host.program(program).isPresent());
        List<String> command = new ArrayList<>(List.of("sh", libexec.resolve("with-image").toString(), path, served ? "kernel fuse" : "kernel", image.toString(),
                "0", Long.toString(Files.size(image)), "size=1m" + (first ? ",redirect_dir=nofollow,metacopy=off" : ",userxattr"), "1", "directory", layer.toString(), ""));
        command.addAll(List.of("sh", "-c", "mount -i -n --move \"$0/image\" \"$1\" && umount -i -n -l \"$0/overlay\" && stat -f -c %T -- \"$1\"",
                libexec.resolve("mnt").toString(), point.toString()));
        return command;
    }

    @Override
    public void close() {
        mounts.close();
    }
}
