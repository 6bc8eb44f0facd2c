package io.sifter.sink.sandbox;

import io.sifter.image.directory.LinuxFiles;
import io.sifter.image.directory.Workplace;
import io.sifter.spi.ImageSettings;
import io.sifter.spi.Sink;
import io.sifter.spi.SinkContext;
import io.sifter.spi.SinkOptions;
import io.sifter.spi.tree.FileTree;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Writes a tree as a directory. For root, owners, devices and all extended attributes are the tree's; for anybody else
 * everything belongs to the caller, devices become empty files and privileged attributes are left out, with one warning
 * that counts each. Blocks of zeros become holes. Any number of threads may write at once.
 */
public final class SandboxSink implements Sink {
    private final SinkContext context;

    public SandboxSink(SinkContext context) {
        this.context = context;
    }

    @Override
    public void write(FileTree tree, ImageSettings settings, Path target, SinkOptions options)
            throws IOException, InterruptedException {
        Names links = Names.check(tree.root());
        Losses losses = new Losses();
        boolean owners = LinuxFiles.effectiveUser() == 0;
        try (Workplace workplace = Workplace.beside(target)) {
            try {
                NodeWriter nodes = new NodeWriter(owners, options.allRoot(), losses);
                TreeWriter.write(tree.root(), links, workplace, nodes, new Crew(context.workers()));
                workplace.publish(context.events());
            } catch (IOException e) {
                throw workplace.failed(e);
            }
        }
        losses.tell(target, context.events());
    }
}
