package io.sifter.agent.ociarchive;

import io.sifter.image.archive.Archive;
import io.sifter.image.layout.LocalName;
import io.sifter.image.layout.OciLayout;
import io.sifter.spi.Agent;
import io.sifter.spi.AgentContext;
import io.sifter.spi.OpenOptions;
import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Reference;
import io.sifter.spi.source.Source;
import java.io.IOException;
import java.util.Objects;

/** Finds images in archives of OCI layouts. Layers are read from where they lie. */
public final class OciArchiveAgent implements Agent {
    private final AgentContext context;

    public OciArchiveAgent(AgentContext context) {
        this.context = Objects.requireNonNull(context);
    }

    @Override
    public Source open(Reference reference, OpenOptions options) throws IOException, InterruptedException {
        LocalName name = Archive.name(reference.path());
        Archive archive = Archive.open(name.path(), context.temporary());
        if (archive.size(OciLayout.INDEX).isEmpty() && archive.size("manifest.json").isPresent()) {
            throw new UserException("%s is an archive of 'docker save', not of an OCI image layout".formatted(archive.place()),
                    "Write docker-archive:%s.".formatted(name.path()));
        }
        return OciLayout.open(archive).image(name.name(), name.digest(), options.platform(), context.events());
    }
}
