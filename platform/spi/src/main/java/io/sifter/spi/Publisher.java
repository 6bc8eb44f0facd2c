package io.sifter.spi;

import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Reference;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.pf4j.ExtensionPoint;

/**
 * Uploads image files to where a transport's agent finds them. It has one public constructor, which takes a
 * {@link PublisherContext}, and lies beside the agent: {@code publisher.NAME} in {@code plugin.properties}. A transport
 * without a publisher is pull-only. The host makes one for each command.
 */
public interface Publisher extends ExtensionPoint {
    /**
     * Uploads a file; returns when the service has confirmed it. What is there already is not sent again. Progress is a
     * {@code FILE} task.
     *
     * @param file an image file of a kind that the transport carries
     * @throws UserException if the reference is malformed, or the file is nothing that can be uploaded there
     * @throws io.sifter.spi.error.ExternalException if the service cannot be reached or refuses
     */
    void publish(Path file, Reference target, PublishOptions options) throws IOException, InterruptedException;

    /**
     * Deletes an image, one of an architecture where it has several.
     *
     * @return how the image that was deleted is called
     */
    default String delete(Reference image, String architecture, boolean plainHttp) throws IOException, InterruptedException {
        throw new UserException("Images cannot be deleted through %s://".formatted(image.transport()),
                "Use the tools of the service that holds it.");
    }

    /** Images that match, in no particular order. */
    default List<Found> search(String query, SearchOptions options) throws IOException, InterruptedException {
        throw new UserException("This kind of service cannot be searched", "Use the search of its web site.");
    }

    /**
     * How an image is uploaded.
     *
     * @param description for people, where the service keeps one
     * @param allowUnsigned whether an image without signatures is acceptable ({@code --allow-unsigned})
     * @param plainHttp whether plain HTTP and unverified TLS are acceptable ({@code --no-https})
     */
    record PublishOptions(Optional<String> description, boolean allowUnsigned, boolean plainHttp) {
        public PublishOptions {
            Objects.requireNonNull(description);
        }
    }

    /**
     * What is searched for.
     *
     * @param architecture one or several, separated by commas
     * @param signed whether only signed images count
     */
    record SearchOptions(String architecture, boolean signed) {
        public SearchOptions {
            Objects.requireNonNull(architecture);
        }
    }

    /**
     * An image that a search found.
     *
     * @param reference as it is pulled
     * @param signers fingerprints of keys
     */
    record Found(String reference, Optional<String> description, List<String> signers) {
        public Found {
            Objects.requireNonNull(reference);
            Objects.requireNonNull(description);
            signers = List.copyOf(signers);
        }
    }
}
