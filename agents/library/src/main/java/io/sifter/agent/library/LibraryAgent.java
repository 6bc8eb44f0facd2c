package io.sifter.agent.library;

import io.sifter.network.json.JsonObject;
import io.sifter.spi.Agent;
import io.sifter.spi.AgentContext;
import io.sifter.spi.OpenOptions;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Reference;
import io.sifter.spi.source.ReadyImage;
import io.sifter.spi.source.Source;
import java.io.IOException;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/** Finds SIF files in libraries. */
public final class LibraryAgent implements Agent {
    private final AgentContext context;

    public LibraryAgent(AgentContext context) {
        this.context = Objects.requireNonNull(context);
    }

    @Override
    public Source open(Reference reference, OpenOptions options) throws IOException, InterruptedException {
        LibraryName name = LibraryName.parse(reference);
        String architecture = options.platform().architecture();
        Optional<String> address = options.header().find("Library");
        Library library = address.isEmpty() || name.host().isPresent() ? Library.of(context.web(), context.services(), name, options.plainHttp())
                : Library.at(context.web(), context.services(), address.get(), options.plainHttp());
        String query = "?arch=" + Library.encoded(architecture);
        JsonObject image = library.get("v1/images/" + name + query).orElseThrow(() -> new ExternalException(
                "image does not exist in the library: %s (%s)".formatted(name, architecture),
                "Check the spelling of the name and the tag; other architectures are asked for with --arch."));
        String hash = image.text("hash").orElseThrow(() -> new CorruptDataException(
                "The library names no hash for %s".formatted(name), "Tell the operators of the library."));
        return new ReadyImage(name.container() + "_" + name.tags().getFirst() + ".sif",
                context.web().download(library.request("GET", "v1/imagefile/" + name + query)),
                digest(hash, name), image.number("size").filter(size -> size > 0).map(OptionalLong::of).orElse(OptionalLong.empty()),
                Optional.of(hash));
    }

    /** Empty for the ids of old images, which say nothing about bytes. */
    private static Optional<Digest> digest(String hash, LibraryName name) throws CorruptDataException {
        if (!hash.startsWith("sha256.")) {
            return Optional.empty();
        }
        try {
            return Optional.of(Digest.parse(hash.replaceFirst("\\.", ":")));
        } catch (IllegalArgumentException e) {
            throw new CorruptDataException("The library names a hash for %s that is none: %s".formatted(name, e.getMessage()),
                    "Tell the operators of the library.", e);
        }
    }
}
