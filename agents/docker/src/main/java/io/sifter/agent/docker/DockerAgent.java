package io.sifter.agent.docker;

import io.sifter.image.document.Descriptor;
import io.sifter.image.document.Documents;
import io.sifter.image.document.ImageConfig;
import io.sifter.image.document.ImageDocument;
import io.sifter.image.document.ImageName;
import io.sifter.image.document.Index;
import io.sifter.spi.Agent;
import io.sifter.spi.AgentContext;
import io.sifter.spi.OpenOptions;
import io.sifter.spi.Registry;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.reference.Reference;
import io.sifter.spi.source.ByteSource;
import io.sifter.spi.source.Document;
import io.sifter.spi.source.Source;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.Optional;

/** Finds images in registries. A tag costs one request that registries do not count where the image is known already. */
public final class DockerAgent implements Agent {
    private final AgentContext context;

    public DockerAgent(AgentContext context) {
        this.context = Objects.requireNonNull(context);
    }

    @Override
    public Source open(Reference reference, OpenOptions options) throws IOException, InterruptedException {
        ImageName name = ImageName.parse(reference);
        Registry registry = context.registries().at(name.host(), options.plainHttp());
        Document top = top(registry, name);
        ImageDocument parsed = Documents.parse(top);
        Document served = new Document(parsed.mediaType(), top.digest(), top.content());
        Document manifest = Documents.select(served, options.platform(), child -> child(registry, name, child));
        Document config = config(registry, name, Documents.parseManifest(manifest).config());
        checkPlatform(Documents.parseConfig(config), options.platform(), parsed instanceof Index);
        return Documents.layered(manifest, config, layer -> bytes(registry, name, layer), false);
    }

    /** What the name stands for now: from the store if the registry says that it is known, else as the registry sends it. */
    private Document top(Registry registry, ImageName name) throws IOException, InterruptedException {
        Optional<Digest> digest = name.digest().isPresent() ? name.digest() : registry.resolve(name.repository(), name.tag());
        Optional<byte[]> known = digest.isEmpty() ? Optional.empty() : context.documents().find(digest.get());
        // The media type that counts is the one inside the document.
        return known.isPresent() ? new Document("", digest.get(), known.get())
                : registry.manifest(name.repository(), name.tagOrDigest());
    }

    private Document child(Registry registry, ImageName name, Descriptor descriptor) throws IOException, InterruptedException {
        Optional<byte[]> known = inlineOrStored(descriptor);
        byte[] content = known.isPresent() ? known.get()
                : registry.manifest(name.repository(), descriptor.digest().toString()).content();
        return descriptor.verify(content, name.toString());
    }

    private Document config(Registry registry, ImageName name, Descriptor descriptor) throws IOException, InterruptedException {
        if (descriptor.size() > Documents.MAX_CONFIG_SIZE) {
            throw new CorruptDataException("The configuration %s of %s has %d bytes, more than the %d that are read"
                    .formatted(descriptor.digest(), name, descriptor.size(), Documents.MAX_CONFIG_SIZE));
        }
        Optional<byte[]> known = inlineOrStored(descriptor);
        if (known.isPresent()) {
            return descriptor.verify(known.get(), name.toString());
        }
        try (InputStream in = bytes(registry, name, descriptor).open(0)) {
            // One byte more than stated, to see that it is not longer.
            return descriptor.verify(in.readNBytes((int) descriptor.size() + 1), name.toString());
        }
    }

    private Optional<byte[]> inlineOrStored(Descriptor descriptor) throws IOException {
        return descriptor.data().isPresent() ? descriptor.data() : context.documents().find(descriptor.digest());
    }

    private static ByteSource bytes(Registry registry, ImageName name, Descriptor descriptor) {
        if (descriptor.data().isPresent()) {
            byte[] data = descriptor.data().get();
            return offset -> new ByteArrayInputStream(data, (int) Math.min(offset, data.length), data.length);
        }
        return registry.blob(name.repository(), descriptor.digest(), descriptor.urls());
    }

    /** An index was asked for the platform already; what it lists may still be mislabelled. */
    private void checkPlatform(ImageConfig config, Platform wanted, boolean chosen) throws UserException {
        if (config.platform().isEmpty()) {
            context.events().accept(Event.warning("OCI image doesn't declare a platform. It may not be compatible with this system."));
            return;
        }
        Platform got = config.platform().get();
        boolean sameMachine = got.os().equals(wanted.os()) && got.architecture().equals(wanted.architecture());
        if (!(chosen ? sameMachine : wanted.accepts(got))) {
            throw new UserException("image (%s) does not satisfy required platform (%s)".formatted(got, wanted),
                    "Ask for what it was built for with --platform %s, or for another tag.".formatted(got));
        }
    }
}
