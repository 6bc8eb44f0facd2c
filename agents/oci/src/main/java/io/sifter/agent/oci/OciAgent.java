package io.sifter.agent.oci;

import io.sifter.image.document.Descriptor;
import io.sifter.image.document.Documents;
import io.sifter.image.document.ImageConfig;
import io.sifter.image.document.Manifest;
import io.sifter.image.layout.OciLayout;
import io.sifter.spi.Agent;
import io.sifter.spi.AgentContext;
import io.sifter.spi.OpenOptions;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.reference.Reference;
import io.sifter.spi.source.ByteSource;
import io.sifter.spi.source.Document;
import io.sifter.spi.source.Source;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/** Finds images in OCI layout directories. Layers are read from where they lie. */
public final class OciAgent implements Agent {
    private final AgentContext context;

    public OciAgent(AgentContext context) {
        this.context = Objects.requireNonNull(context);
    }

    @Override
    public Source open(Reference reference, OpenOptions options) throws IOException, InterruptedException {
        LayoutName name = LayoutName.parse(reference.path());
        OciLayout layout = OciLayout.open(name.directory());
        Document top = layout.document(layout.choose(name.name(), name.digest(), options.platform()));
        Document manifest = Documents.select(top, options.platform(), layout::document);
        Manifest parsed = Documents.parseManifest(manifest);
        Descriptor settings = parsed.config();
        Document config = settings.data().isPresent() ? settings.verify(settings.data().get(), layout.directory().toString())
                : layout.document(settings);
        checkPlatform(Documents.parseConfig(config), options.platform(), manifest == top);
        for (Descriptor layer : parsed.layers()) {
            checkPresent(layout, layer);
        }
        return Documents.layered(manifest, config, layer -> bytes(layout, layer), true);
    }

    private static ByteSource bytes(OciLayout layout, Descriptor layer) {
        if (layer.data().isEmpty()) {
            return layout.blob(layer.digest());
        }
        byte[] data = layer.data().get();
        return offset -> new ByteArrayInputStream(data, (int) Math.min(offset, data.length), data.length);
    }

    /** Better now than after the layers before it were converted. */
    private static void checkPresent(OciLayout layout, Descriptor layer) throws IOException {
        if (layer.data().isPresent()) {
            return;
        }
        Path file = layout.path(layer.digest());
        if (!Files.isRegularFile(file)) {
            throw new CorruptDataException("%s lacks the layer %s".formatted(layout.directory(), layer.digest()),
                    "Make the layout anew.");
        }
        if (Files.size(file) != layer.size()) {
            throw new CorruptDataException("The layer %s has %d bytes, expected %d".formatted(file, Files.size(file), layer.size()),
                    "Make the layout anew.");
        }
    }

    private void checkPlatform(ImageConfig config, Platform wanted, boolean sole) throws UserException {
        if (config.platform().isEmpty()) {
            context.events().accept(Event.warning("OCI image doesn't declare a platform. It may not be compatible with this system."));
            return;
        }
        Platform got = config.platform().get();
        boolean sameMachine = got.os().equals(wanted.os()) && got.architecture().equals(wanted.architecture());
        if (!(sole ? wanted.accepts(got) : sameMachine)) {
            throw new UserException("image (%s) does not satisfy required platform (%s)".formatted(got, wanted),
                    "Ask for what it was built for with --platform %s.".formatted(got));
        }
    }
}
