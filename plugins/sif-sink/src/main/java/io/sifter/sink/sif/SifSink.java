package io.sifter.sink.sif;

import io.sifter.image.directory.Workplace;
import io.sifter.sif.Architecture;
import io.sifter.sif.SifWriter;
import io.sifter.spi.ImageSettings;
import io.sifter.spi.Sink;
import io.sifter.spi.SinkContext;
import io.sifter.spi.SinkOptions;
import io.sifter.spi.event.Event;
import io.sifter.spi.tree.FileTree;
import io.sifter.squashfs.SquashFsOptions;
import io.sifter.squashfs.SquashFsWriter;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.OptionalLong;

/**
 * Writes a tree as a SIF file that can be run: definition, inspection and OCI configuration, then the tree as a SquashFS
 * partition. Equal trees, settings and options give equal bytes. Any number of threads may write at once.
 */
public final class SifSink implements Sink {
    private static final long MAX_TIME = 0xFFFF_FFFFL;

    private final SinkContext context;

    public SifSink(SinkContext context) {
        this.context = context;
    }

    @Override
    public void write(FileTree tree, ImageSettings settings, Path target, SinkOptions options)
            throws IOException, InterruptedException {
        Architecture architecture = Architecture.of(settings.platform().architecture());
        if (architecture == Architecture.UNKNOWN) {
            context.events().accept(Event.warning("SIF has no number for the architecture %s: the image does not say what it was built for"
                    .formatted(settings.platform().architecture())));
        }
        Workplace.writeImage(target, context.events(), out -> {
            write(tree, settings, architecture, target, options, out);
            options.copies().written(out);
        });
    }

    private void write(FileTree tree, ImageSettings settings, Architecture architecture, Path target, SinkOptions options,
                       FileChannel out) throws IOException, InterruptedException {
        long created = settings.created().getEpochSecond();
        SquashFsOptions squashFs = new SquashFsOptions(options.compression(), options.allRoot(),
                Math.clamp(created, 0, MAX_TIME), OptionalLong.empty(), target, options.copies());
        SifWriter sif = new SifWriter(out, settings.id(), created);
        sif.addDefinition(settings.definition().getBytes(StandardCharsets.UTF_8));
        sif.addJson("inspect-metadata.json", settings.inspection());
        if (settings.ociConfig().isPresent()) {
            sif.addJson("oci-config.json", settings.ociConfig().get());
        }
        sif.addPrimaryPartition(architecture,
                (file, offset) -> SquashFsWriter.write(tree, file, offset, squashFs, context.workers()));
        sif.finish();
    }
}
