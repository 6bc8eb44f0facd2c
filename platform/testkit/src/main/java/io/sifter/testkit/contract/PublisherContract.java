package io.sifter.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.sifter.spi.Publisher;
import io.sifter.spi.Publisher.PublishOptions;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.event.Event;
import io.sifter.spi.event.Task;
import io.sifter.spi.reference.Reference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every publisher does: inherit, and say where an image may be uploaded to, and how to see what is there. */
public abstract class PublisherContract {
    private static final long PATIENCE_MILLIS = 10_000;

    private final List<Event> events = new CopyOnWriteArrayList<>();

    @TempDir
    Path directory;

    /** A fresh publisher that reports to {@code events}. */
    protected abstract Publisher publisher(Consumer<Event> events) throws Exception;

    /** An image file that the transport carries, below {@code directory}. */
    protected abstract Path image(Path directory) throws Exception;

    /** Where the image may go; nothing is there yet. */
    protected abstract Reference target() throws Exception;

    /** What the service now holds under {@link #target()}; empty if nothing. */
    protected abstract Optional<byte[]> published() throws Exception;

    /** What the transport's grammar does not allow. */
    protected abstract List<Reference> malformed() throws Exception;

    /** What must show in no message: passwords and tokens that the fixture uses. */
    protected List<String> secrets() {
        return List.of();
    }

    private void publish(Path file, Reference target) throws Exception {
        publisher(events::add).publish(file, target, new PublishOptions(Optional.empty(), true, true));
    }

    @Test
    void whatIsPublishedIsTheFileByteForByte() throws Exception {
        Path image = image(directory);

        publish(image, target());

        assertThat(published().orElseThrow()).isEqualTo(Files.readAllBytes(image));
    }

    @Test
    void publishingTwiceIsNoError() throws Exception {
        Path image = image(directory);

        publish(image, target());
        publish(image, target());

        assertThat(published()).isPresent();
    }

    @Test
    void progressIsToldInTasksThatEnd() throws Exception {
        Path image = image(directory);

        publish(image, target());

        List<Task> open = new ArrayList<>();
        for (Event event : events) {
            switch (event) {
                case Event.Started(Task task) -> open.add(task);
                case Event.Finished(Task task) -> assertThat(open.remove(task)).isTrue();
                case Event.Failed(Task task, _) -> assertThat(open.remove(task)).isTrue();
                case Event.Advanced(Task task, _) -> assertThat(open).contains(task);
                case Event.Reached _, Event.Logged _ -> { }
            }
        }
        assertThat(open).isEmpty();
        assertThat(events).filteredOn(Event.Started.class::isInstance).isNotEmpty();
        long sent = events.stream().mapToLong(event -> event instanceof Event.Advanced(_, long bytes) ? bytes : 0).sum();
        assertThat(sent).isEqualTo(Files.size(image));
    }

    @Test
    void whatIsNoImageIsRefusedAndNothingIsPublished() throws Exception {
        Path file = Files.writeString(directory.resolve("note.sif"), "Dear reader\n");

        assertThatThrownBy(() -> publish(file, target())).isInstanceOf(UserException.class).message().contains("note.sif");
        assertThat(published()).isEmpty();
    }

    @Test
    void aFileThatIsNotThereIsTheUsersToFind() {
        assertThatThrownBy(() -> publish(directory.resolve("absent.sif"), target())).isInstanceOf(UserException.class)
                .message().contains("absent.sif");
    }

    @Test
    void aMalformedReferenceIsTheUsersToMend() throws Exception {
        Path image = image(directory);
        for (Reference reference : malformed()) {
            assertThatThrownBy(() -> publish(image, reference)).as(reference.text()).isInstanceOf(UserException.class)
                    .message().isNotBlank();
        }
    }

    @Test
    void noSecretShowsInMessagesAndEvents() throws Exception {
        Throwable failure = catchThrowable(() -> publish(directory.resolve("absent.sif"), target()));
        publish(image(directory), target());

        StringBuilder said = new StringBuilder(events.toString());
        for (Throwable e = failure; e != null; e = e.getCause()) {
            said.append(e).append(e instanceof SifterException known ? known.nextStep().orElse("") : "");
        }
        assertThat(secrets()).allSatisfy(secret -> assertThat(said.toString()).doesNotContain(secret));
    }

    @Test
    void anInterruptionIsNeverLost() throws Exception {
        Path image = image(directory);
        Reference target = target();
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        AtomicReference<Boolean> flag = new AtomicReference<>(false);

        Thread thread = Thread.ofVirtual().start(() -> {
            Thread.currentThread().interrupt();
            try {
                publish(image, target);
            } catch (Throwable e) {
                thrown.set(e);
            }
            flag.set(Thread.currentThread().isInterrupted());
        });
        thread.join(PATIENCE_MILLIS);

        assertThat(thread.isAlive()).isFalse();
        boolean told = thrown.get() instanceof InterruptedException || thrown.get() instanceof java.nio.channels.ClosedByInterruptException;
        assertThat(told || flag.get()).as("InterruptedException or the thread's flag, got %s", thrown.get()).isTrue();
    }
}
