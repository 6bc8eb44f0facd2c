package io.sifter.agent.dockerdaemon;

import io.sifter.image.archive.SavedLayers;
import io.sifter.image.document.Documents;
import io.sifter.image.document.ImageConfig;
import io.sifter.network.DockerDaemon;
import io.sifter.spi.Agent;
import io.sifter.spi.AgentContext;
import io.sifter.spi.OpenOptions;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Reference;
import io.sifter.spi.source.Document;
import io.sifter.spi.source.Layer;
import io.sifter.spi.source.LayerSequence;
import io.sifter.spi.source.LayeredImage;
import io.sifter.spi.source.Source;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * Finds images that a Docker daemon keeps. The daemon says what an image is made of; the layers it sends once, in one stream, and only
 * when one of them is needed.
 */
public final class DockerDaemonAgent implements Agent {
    /** Where the daemon's address may stand, the first wins. */
    private static final List<String> VARIABLES = List.of("SINGULARITY_DOCKER_HOST", "APPTAINER_DOCKER_HOST", "DOCKER_HOST");
    private static final String STALL_SECONDS = "60";

    private final AgentContext context;

    public DockerDaemonAgent(AgentContext context) {
        this.context = Objects.requireNonNull(context);
    }

    @Override
    public Source open(Reference reference, OpenOptions options) throws IOException, InterruptedException {
        DaemonImageName name = DaemonImageName.parse(reference.path());
        DockerDaemon daemon = DockerDaemon.at(address(), context.environment(), stall());
        Document config = Documents.inspected(daemon.inspect(name.text()), "What the Docker daemon says about " + name);
        ImageConfig parsed = Documents.parseConfig(config);
        Documents.requirePlatform(parsed, options.platform(), false, context.events());
        LayerSequence.Opener sequence = () -> sequence(daemon, name, parsed.diffIds());
        List<Layer> layers = parsed.diffIds().stream()
                .map(diffId -> new Layer("", Optional.empty(), OptionalLong.empty(), Optional.of(diffId), offset -> alone(sequence, diffId, offset, name), true))
                .toList();
        return new LayeredImage(config, config, layers, Optional.of(sequence));
    }

    private String address() {
        return VARIABLES.stream().map(variable -> context.environment().getOrDefault(variable, ""))
                .flatMap(value -> value.isEmpty() ? Stream.empty() : Stream.of(value)).findFirst()
                .orElseGet(() -> context.settings().getOrDefault("host", DockerDaemon.USUAL));
    }

    private Duration stall() throws UserException {
        String text = context.settings().getOrDefault("stall-seconds", STALL_SECONDS);
        if (!text.matches("[1-9]\\d{0,6}")) {
            throw new UserException("plugin.docker-daemon-agent.stall-seconds is no number of seconds: '%s'".formatted(text), "Correct the configuration.");
        }
        return Duration.ofSeconds(Long.parseLong(text));
    }

    private static LayerSequence sequence(DockerDaemon daemon, DaemonImageName name, List<Digest> diffIds) throws IOException, InterruptedException {
        LayerSequence layers = SavedLayers.in(daemon.save(name.text()), diffIds);
        return new LayerSequence() {
            @Override
            public Optional<Layer> next() throws IOException, InterruptedException {
                try {
                    return layers.next();
                } catch (CorruptDataException e) {
                    throw new CorruptDataException("What the Docker daemon at %s sent of %s is damaged: %s".formatted(daemon.address(), name, e.getMessage()),
                            "Look into the daemon's log, and try docker save.", e);
                }
            }

            @Override
            public void close() throws IOException {
                layers.close();
            }
        };
    }

    /** One layer out of a reading of its own. */
    private static InputStream alone(LayerSequence.Opener opener, Digest diffId, long offset, DaemonImageName name) throws IOException, InterruptedException {
        LayerSequence sequence = opener.open();
        try {
            for (Optional<Layer> next = sequence.next(); next.isPresent(); next = sequence.next()) {
                if (next.get().diffId().equals(Optional.of(diffId))) {
                    InputStream content = next.get().bytes().open(0);
                    content.skipNBytes(offset);
                    return new FilterInputStream(content) {
                        @Override
                        public void close() throws IOException {
                            sequence.close();
                        }
                    };
                }
            }
            throw new CorruptDataException("The Docker daemon sent %s without the layer %s".formatted(name, diffId),
                    "Save the image with 'docker save -o FILE %s' and use docker-archive:FILE.".formatted(name));
        } catch (IOException | InterruptedException | RuntimeException e) {
            sequence.close();
            throw e;
        }
    }
}
