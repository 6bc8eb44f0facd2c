package io.sifter.agent.dockerarchive;

import io.sifter.image.archive.Archive;
import io.sifter.image.archive.DockerArchive;
import io.sifter.image.layout.LocalName;
import io.sifter.spi.Agent;
import io.sifter.spi.AgentContext;
import io.sifter.spi.OpenOptions;
import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Reference;
import io.sifter.spi.source.Source;
import java.io.IOException;
import java.util.Objects;

/** Finds images in archives that {@code docker save}, {@code podman save} and others wrote. Layers are read from where they lie. */
public final class DockerArchiveAgent implements Agent {
    private final AgentContext context;

    public DockerArchiveAgent(AgentContext context) {
        this.context = Objects.requireNonNull(context);
    }

    @Override
    public Source open(Reference reference, OpenOptions options) throws IOException, InterruptedException {
        LocalName name = Archive.name(reference.path());
        if (name.digest().isPresent()) {
            throw new UserException("%s names an image by its digest; archives of Docker have names only".formatted(reference),
                    "Name it as docker save did, file.tar:name:tag, or by its number, file.tar:@0.");
        }
        Archive archive = Archive.open(name.path(), context.temporary());
        return DockerArchive.of(archive, name.path().toString()).image(name.name(), options.platform(), context.events());
    }
}
