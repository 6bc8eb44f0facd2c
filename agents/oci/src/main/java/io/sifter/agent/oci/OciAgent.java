package io.sifter.agent.oci;

import io.sifter.image.layout.LocalName;
import io.sifter.image.layout.OciLayout;
import io.sifter.spi.Agent;
import io.sifter.spi.AgentContext;
import io.sifter.spi.OpenOptions;
import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Reference;
import io.sifter.spi.source.Source;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;

/** Finds images in OCI layout directories. Layers are read from where they lie. */
public final class OciAgent implements Agent {
    private final AgentContext context;

    public OciAgent(AgentContext context) {
        this.context = Objects.requireNonNull(context);
    }

    @Override
    public Source open(Reference reference, OpenOptions options) throws IOException, InterruptedException {
        Optional<LocalName> parsed = LocalName.parse(reference.path(), Files::isDirectory);
        if (parsed.isEmpty()) {
            throw absent(reference.path());
        }
        LocalName name = parsed.get();
        return OciLayout.open(name.path()).image(name.name(), name.digest(), options.platform(), context.events());
    }

    private static UserException absent(String text) {
        Optional<Path> file = LocalName.parse(text, Files::isRegularFile).map(LocalName::path);
        if (file.isPresent()) {
            return new UserException("%s is a file, no OCI image layout".formatted(file.get()),
                    "For a layout in an archive, write oci-archive:%s; for what 'docker save' wrote, docker-archive:%s.".formatted(text, text));
        }
        Optional<Path> closed = LocalName.closed(text);
        if (closed.isPresent()) {
            return new UserException("no OCI image layout at %s: permission denied".formatted(text), "Ask the owner of %s for permission.".formatted(closed.get()));
        }
        return new UserException("no OCI image layout at %s: there is no such directory".formatted(text),
                "Images in layouts are named oci:DIRECTORY[:NAME]; a relative directory starts where the command does.");
    }
}
