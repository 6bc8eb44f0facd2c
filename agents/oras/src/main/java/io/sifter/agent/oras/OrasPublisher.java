package io.sifter.agent.oras;

import io.sifter.image.document.ImageName;
import io.sifter.sif.SifImage;
import io.sifter.spi.Publisher;
import io.sifter.spi.PublisherContext;
import io.sifter.spi.Registry;
import io.sifter.spi.error.UserException;
import io.sifter.spi.event.Event;
import io.sifter.spi.event.Task;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Reference;
import io.sifter.spi.source.ByteSource;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.Objects;
import java.util.OptionalLong;

/** Puts SIF files into registries. Nothing is signed or checked there, so {@code --allow-unsigned} changes nothing. */
public final class OrasPublisher implements Publisher {
    private final PublisherContext context;

    public OrasPublisher(PublisherContext context) {
        this.context = Objects.requireNonNull(context);
    }

    @Override
    public void publish(Path file, Reference target, PublishOptions options) throws IOException, InterruptedException {
        ImageName name = ImageName.parse(target);
        if (name.digest().isPresent()) {
            throw new UserException("%s names a digest, which follows from the file".formatted(target), "Push to a tag: NAME:TAG.");
        }
        SifImage.require(file);
        if (options.description().isPresent()) {
            context.events().accept(Event.warning("Description is not supported for push to oras. Ignoring it."));
        }
        Registry registry = context.registries().at(name.host(), options.plainHttp());
        long size = Files.size(file);
        Digest digest = digest(file);
        if (!registry.has(name.repository(), digest)) {
            upload(registry, name, digest, size, file);
        }
        if (!registry.has(name.repository(), SifArtifact.CONFIG_DIGEST)) {
            registry.upload(name.repository(), SifArtifact.CONFIG_DIGEST, SifArtifact.CONFIG.length,
                    offset -> new ByteArrayInputStream(SifArtifact.CONFIG, (int) offset, SifArtifact.CONFIG.length), _ -> { });
        }
        registry.put(name.repository(), name.tag(), SifArtifact.manifest(digest, size, file.getFileName().toString()));
        context.events().accept(Event.info("Upload complete"));
    }

    private void upload(Registry registry, ImageName name, Digest digest, long size, Path file) throws IOException, InterruptedException {
        Task task = new Task(Task.Kind.FILE, file.getFileName().toString(), OptionalLong.of(size), 0);
        ByteSource bytes = offset -> {
            InputStream in = Files.newInputStream(file);
            in.skipNBytes(offset);
            return in;
        };
        context.events().accept(new Event.Started(task));
        boolean sent = false;
        try {
            registry.upload(name.repository(), digest, size, bytes, more -> context.events().accept(new Event.Advanced(task, more)));
            sent = true;
        } finally {
            context.events().accept(sent ? new Event.Finished(task) : new Event.Failed(task, "upload failed"));
        }
    }

    private static Digest digest(Path file) throws IOException {
        MessageDigest hash = Digest.Algorithm.SHA256.start();
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), hash)) {
            in.transferTo(OutputStream.nullOutputStream());
        }
        return Digest.finish(Digest.Algorithm.SHA256, hash.digest());
    }
}
