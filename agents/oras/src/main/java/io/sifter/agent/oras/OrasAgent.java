package io.sifter.agent.oras;

import io.sifter.image.document.Descriptor;
import io.sifter.image.document.Documents;
import io.sifter.image.document.ImageName;
import io.sifter.spi.Agent;
import io.sifter.spi.AgentContext;
import io.sifter.spi.OpenOptions;
import io.sifter.spi.Registry;
import io.sifter.spi.reference.Reference;
import io.sifter.spi.source.Document;
import io.sifter.spi.source.ReadyImage;
import io.sifter.spi.source.Source;
import java.io.IOException;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/** Finds SIF files in registries. */
public final class OrasAgent implements Agent {
    private final AgentContext context;

    public OrasAgent(AgentContext context) {
        this.context = Objects.requireNonNull(context);
    }

    @Override
    public Source open(Reference reference, OpenOptions options) throws IOException, InterruptedException {
        ImageName name = ImageName.parse(reference);
        Registry registry = context.registries().at(name.host(), options.plainHttp());
        Document top = registry.manifest(name.repository(), name.tagOrDigest());
        Document manifest = Documents.select(top, options.platform(), child ->
                child.verify(registry.manifest(name.repository(), child.digest().toString()).content(), name.toString()));
        Descriptor layer = SifArtifact.layer(Documents.parseManifest(manifest), name);
        String last = name.repository().substring(name.repository().lastIndexOf('/') + 1);
        return new ReadyImage(last + "_" + name.tag() + ".sif", registry.blob(name.repository(), layer.digest(), layer.urls()),
                Optional.of(layer.digest()), OptionalLong.of(layer.size()), Optional.of(layer.digest().toString()));
    }
}
