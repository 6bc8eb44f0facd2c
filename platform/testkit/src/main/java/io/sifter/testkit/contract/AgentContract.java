package io.sifter.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.sifter.spi.Agent;
import io.sifter.spi.Header;
import io.sifter.spi.OpenOptions;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.reference.Reference;
import io.sifter.spi.source.ByteSource;
import io.sifter.spi.source.Document;
import io.sifter.spi.source.Layer;
import io.sifter.spi.source.LayerSequence;
import io.sifter.spi.source.LayeredImage;
import io.sifter.spi.source.ReadyImage;
import io.sifter.spi.source.Source;
import io.sifter.spi.source.TreeSource;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.ClosedByInterruptException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;

/**
 * What every agent does: inherit, and say where an image is. Agents whose sources can be read once only say so with
 * {@link #rereadable()}.
 */
public abstract class AgentContract {
    private static final long PATIENCE_MILLIS = 10_000;

    private final List<Event> events = new CopyOnWriteArrayList<>();

    /** A fresh agent that reports to {@code events}. */
    protected abstract Agent agent(Consumer<Event> events) throws Exception;

    /** Names an image for {@link #platform()} that has content. */
    protected abstract Reference image() throws Exception;

    /** Well-formed, and names nothing. */
    protected abstract Reference missing() throws Exception;

    /** What the transport's grammar does not allow. */
    protected abstract List<Reference> malformed() throws Exception;

    /** What must show in no message: passwords and tokens that the fixture uses. */
    protected List<String> secrets() {
        return List.of();
    }

    protected Platform platform() {
        return Platform.linux("amd64");
    }

    /** Whether bytes can be opened again, and from the middle. */
    protected boolean rereadable() {
        return true;
    }

    private Source open(Reference reference) throws Exception {
        return agent(events::add).open(reference, new OpenOptions(platform(), false));
    }

    @Test
    void documentsAndBytesAreWhatTheirDigestsSay() throws Exception {
        switch (open(image())) {
            case LayeredImage image -> {
                verify(image.manifest());
                verify(image.config());
                assertThat(image.layers()).isNotEmpty();
                for (Layer layer : image.layers()) {
                    verify(layer);
                }
            }
            case ReadyImage image -> {
                if (image.digest().isPresent()) {
                    assertThat(digest(image.bytes(), image.digest().get().algorithm())).isEqualTo(image.digest().get());
                }
            }
            case TreeSource tree -> tree.tree().close();
        }
    }

    @Test
    void openingTwiceFindsTheSame() throws Exception {
        Agent agent = agent(events::add);
        Source first = agent.open(image(), new OpenOptions(platform(), false));
        Source second = agent.open(image(), new OpenOptions(platform(), false));

        switch (first) {
            case LayeredImage image -> assertThat(((LayeredImage) second).manifest().digest()).isEqualTo(image.manifest().digest());
            case ReadyImage image -> assertThat(((ReadyImage) second).digest()).isEqualTo(image.digest());
            case TreeSource tree -> {
                tree.tree().close();
                ((TreeSource) second).tree().close();
            }
        }
    }

    @Test
    void keysOfAHeaderThatAreForOthersMeanNothing() throws Exception {
        OpenOptions options = new OpenOptions(platform(), false).withHeader(new Header(Map.of("Include", "-", "OSVersion", "nine", "MirrorURL", "nowhere")));
        Source source = agent(events::add).open(image(), options);

        switch (source) {
            case LayeredImage image -> assertThat(image.manifest().digest()).isEqualTo(((LayeredImage) open(image())).manifest().digest());
            case ReadyImage image -> assertThat(image.digest()).isEqualTo(((ReadyImage) open(image())).digest());
            case TreeSource tree -> tree.tree().close();
        }
    }

    @Test
    void bytesCanBeOpenedAgainAndFromTheMiddle() throws Exception {
        if (rereadable() && open(image()) instanceof LayeredImage image) {
            ByteSource bytes = image.layers().getFirst().bytes();
            byte[] whole = read(bytes, 0);

            assertThat(read(bytes, 0)).isEqualTo(whole);
            assertThat(read(bytes, whole.length / 2)).isEqualTo(java.util.Arrays.copyOfRange(whole, whole.length / 2, whole.length));
            assertThat(read(bytes, whole.length)).isEmpty();
        }
    }

    @Test
    void oneReadingGivesAllLayers() throws Exception {
        if (open(image()) instanceof LayeredImage image && image.sequence().isPresent()) {
            Set<Digest> come = new HashSet<>();
            try (LayerSequence sequence = image.sequence().get().open()) {
                for (Optional<Layer> next = sequence.next(); next.isPresent(); next = sequence.next()) {
                    come.add(readOnce(next.get()));
                }
                assertThat(sequence.next()).isEmpty();
            }
            assertThat(come).containsAll(image.layers().stream().map(layer -> layer.diffId().orElseThrow()).toList());
        }
    }

    @Test
    void layersOfAReadingThatNobodyReadsArePassedOver() throws Exception {
        if (open(image()) instanceof LayeredImage image && image.sequence().isPresent()) {
            List<Layer> first = new ArrayList<>();
            try (LayerSequence sequence = image.sequence().get().open()) {
                sequence.next().ifPresent(first::add);
                // Closed before its end, as a host does that has all it wants.
            }
            try (LayerSequence sequence = image.sequence().get().open()) {
                boolean part = false;
                for (Optional<Layer> next = sequence.next(); next.isPresent(); next = sequence.next()) {
                    if (part) {
                        // Left half-read, and left open.
                        assertThat(next.get().bytes().open(0).read()).isNotNegative();
                    }
                    part = !part;
                    first.add(next.get());
                }
            }
            assertThat(first.stream().map(Layer::displayDigest).toList()).hasSizeGreaterThan(1).element(0).isEqualTo(first.get(1).displayDigest());
        }
    }

    @Test
    void whatIsNotThereIsSaidInOneOfTheKnownFamiliesWithANextStep() {
        assertThatThrownBy(() -> open(missing()))
                .isInstanceOfAny(UserException.class, ExternalException.class)
                .satisfies(e -> assertThat(((SifterException) e).nextStep()).isPresent());
    }

    @Test
    void aMalformedReferenceIsTheUsersToMend() throws Exception {
        for (Reference reference : malformed()) {
            assertThatThrownBy(() -> open(reference)).as(reference.text()).isInstanceOf(UserException.class)
                    .message().isNotBlank();
        }
    }

    @Test
    void noSecretShowsInMessagesAndEvents() throws Exception {
        Throwable failure = catchThrowable(() -> open(missing()));
        open(image());

        StringBuilder said = new StringBuilder(events.toString());
        for (Throwable e = failure; e != null; e = e.getCause()) {
            said.append(e).append(e instanceof SifterException known ? known.nextStep().orElse("") : "");
        }
        assertThat(secrets()).allSatisfy(secret -> assertThat(said.toString()).doesNotContain(secret));
    }

    @Test
    void anInterruptionIsNeverLost() throws Exception {
        Agent agent = agent(events::add);
        Reference image = image();
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        AtomicReference<Boolean> flag = new AtomicReference<>(false);

        Thread opener = Thread.ofVirtual().start(() -> {
            Thread.currentThread().interrupt();
            try {
                agent.open(image, new OpenOptions(platform(), false));
            } catch (Throwable e) {
                thrown.set(e);
            }
            flag.set(Thread.currentThread().isInterrupted());
        });
        opener.join(PATIENCE_MILLIS);

        assertThat(opener.isAlive()).isFalse();
        boolean told = thrown.get() instanceof InterruptedException || thrown.get() instanceof ClosedByInterruptException;
        assertThat(told || flag.get()).as("InterruptedException or the thread's flag, got %s", thrown.get()).isTrue();
    }

    private static void verify(Document document) {
        Digest.Algorithm algorithm = document.digest().algorithm();
        assertThat(Digest.finish(algorithm, algorithm.start().digest(document.content()))).isEqualTo(document.digest());
    }

    private static void verify(Layer layer) throws IOException, InterruptedException {
        if (layer.digest().isPresent()) {
            assertThat(digest(layer.bytes(), layer.digest().get().algorithm())).isEqualTo(layer.digest().get());
        }
        if (layer.size().isPresent()) {
            assertThat(read(layer.bytes(), 0)).hasSize((int) layer.size().getAsLong());
        }
        if (layer.diffId().isPresent()) {
            Digest.Algorithm algorithm = layer.diffId().get().algorithm();
            try (InputStream raw = new BufferedInputStream(layer.bytes().open(0)); InputStream tar = inflated(raw)) {
                assertThat(Digest.finish(algorithm, algorithm.start().digest(tar.readAllBytes()))).isEqualTo(layer.diffId().get());
            }
        }
    }

    /** Reads a layer of a sequence, which can be done once, and verifies it; its DiffID. */
    private static Digest readOnce(Layer layer) throws IOException, InterruptedException {
        assertThat(layer.digest().isPresent() || layer.diffId().isPresent()).isTrue();
        byte[] bytes = read(layer.bytes(), 0);
        if (layer.size().isPresent()) {
            assertThat(bytes).hasSize((int) layer.size().getAsLong());
        }
        if (layer.digest().isPresent()) {
            assertThat(Digest.finish(layer.digest().get().algorithm(), layer.digest().get().algorithm().start().digest(bytes))).isEqualTo(layer.digest().get());
        }
        try (InputStream tar = inflated(new BufferedInputStream(new ByteArrayInputStream(bytes)))) {
            Digest diffId = Digest.sha256(tar.readAllBytes());
            assertThat(layer.diffId().orElse(diffId)).isEqualTo(diffId);
            return diffId;
        }
    }

    private static InputStream inflated(InputStream raw) throws IOException {
        raw.mark(2);
        byte[] magic = raw.readNBytes(2);
        raw.reset();
        return magic.length == 2 && magic[0] == 0x1f && magic[1] == (byte) 0x8b ? new GZIPInputStream(raw) : raw;
    }

    private static Digest digest(ByteSource bytes, Digest.Algorithm algorithm) throws IOException, InterruptedException {
        MessageDigest hash = algorithm.start();
        hash.update(read(bytes, 0));
        return Digest.finish(algorithm, hash.digest());
    }

    private static byte[] read(ByteSource bytes, long offset) throws IOException, InterruptedException {
        try (InputStream in = bytes.open(offset)) {
            return in.readAllBytes();
        }
    }
}
