package io.sifter.network;

import io.sifter.network.mirror.RegistryRules;
import io.sifter.network.mirror.RegistryRules.Place;
import io.sifter.spi.Registry;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.source.ByteSource;
import io.sifter.spi.source.Document;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/**
 * A registry some of whose images are asked for elsewhere: the first place that answers serves the image, and what belongs
 * to it comes from there too as long as that place has it. Safe for any thread.
 */
final class MirroredRegistry implements Registry {
    /** Opens places. */
    interface Opener {
        /** @param named whether the user named this very registry */
        Registry at(String host, boolean plainHttp, boolean named) throws IOException;
    }

    private interface Attempt<T> {
        T at(Registry registry, String repository) throws IOException, InterruptedException;
    }

    private final String host;
    private final boolean plainHttp;
    private final RegistryRules rules;
    private final Opener opener;
    private final Consumer<Event> events;
    /** Who served a repository last. */
    private final Map<String, Place> proven = new ConcurrentHashMap<>();

    MirroredRegistry(String host, boolean plainHttp, RegistryRules rules, Opener opener, Consumer<Event> events) {
        this.host = host;
        this.plainHttp = plainHttp;
        this.rules = rules;
        this.opener = opener;
        this.events = events;
    }

    @Override
    public Optional<Digest> resolve(String repository, String tagOrDigest) throws IOException, InterruptedException {
        return first(repository, places(repository, tagOrDigest).iterator(), (registry, name) -> registry.resolve(name, tagOrDigest));
    }

    @Override
    public Document manifest(String repository, String tagOrDigest) throws IOException, InterruptedException {
        return first(repository, places(repository, tagOrDigest).iterator(),
                (registry, name) -> Optional.of(registry.manifest(name, tagOrDigest))).orElseThrow();
    }

    @Override
    public ByteSource blob(String repository, Digest digest) {
        return blob(repository, digest, List.of());
    }

    @Override
    public ByteSource blob(String repository, Digest digest, List<String> urls) {
        return offset -> new BlobOfPlaces(repository, digest, urls, offset);
    }

    @Override
    public boolean has(String repository, Digest digest) throws IOException, InterruptedException {
        Place origin = origin(repository, digest.toString());
        return open(origin).has(origin.repository(), digest);
    }

    @Override
    public void upload(String repository, Digest digest, long size, ByteSource bytes, LongConsumer sent) throws IOException, InterruptedException {
        Place origin = origin(repository, digest.toString());
        open(origin).upload(origin.repository(), digest, size, bytes, sent);
    }

    @Override
    public void put(String repository, String tagOrDigest, Document manifest) throws IOException, InterruptedException {
        Place origin = origin(repository, tagOrDigest);
        open(origin).put(origin.repository(), tagOrDigest, manifest);
    }

    /** Mirrors are for reading: what is uploaded goes where the name leads. */
    private Place origin(String repository, String tagOrDigest) throws UserException {
        return rules.places(host, repository, tagOrDigest).getLast();
    }

    private Registry open(Place place) throws IOException {
        // What the user accepts of the registry, he did not say of its mirrors.
        return opener.at(place.host(), place.insecure() || plainHttp && !place.mirror(), Hosts.display(place.host()).equals(host));
    }

    /** The places by the rules, after the one that served the repository before. */
    private List<Place> places(String repository, String tagOrDigest) throws UserException {
        List<Place> places = new ArrayList<>(rules.places(host, repository, tagOrDigest));
        Place served = proven.get(repository);
        if (served != null && tagOrDigest.contains(":")) {
            places.remove(served);
            places.addFirst(served);
        }
        return places;
    }

    /** The answer of the first place that has one; those after it are left in {@code places}. */
    private <T> Optional<T> first(String repository, Iterator<Place> places, Attempt<Optional<T>> attempt) throws IOException, InterruptedException {
        SifterException last = null;
        while (places.hasNext()) {
            Place place = places.next();
            try {
                Optional<T> answer = attempt.at(open(place), place.repository());
                if (answer.isPresent()) {
                    proven.put(repository, place);
                    return answer;
                }
            } catch (UserException mistake) {
                throw mistake;
            } catch (SifterException e) {
                if (place.mirror()) {
                    events.accept(new Event.Logged(Event.Level.VERBOSE, "The mirror %s does not serve it: %s".formatted(place.host(), e.getMessage())));
                }
                last = e;
            }
        }
        if (last != null) {
            throw last;
        }
        return Optional.empty();
    }

    /**
     * A blob from the first place that opens it. Where that one breaks off for good, the places after it bring the rest: all
     * have the same bytes, or the reader finds by the digest that they have not. For one thread.
     */
    private final class BlobOfPlaces extends InputStream {
        private final String repository;
        private final Digest digest;
        private final List<String> urls;
        private final Iterator<Place> places;
        private long position;
        private InputStream in;

        BlobOfPlaces(String repository, Digest digest, List<String> urls, long offset) throws IOException, InterruptedException {
            this.repository = repository;
            this.digest = digest;
            this.urls = urls;
            this.places = places(repository, digest.toString()).iterator();
            this.position = offset;
            this.in = next().orElseThrow();
        }

        private Optional<InputStream> next() throws IOException, InterruptedException {
            return first(repository, places, (registry, name) -> Optional.of(registry.blob(name, digest, urls).open(position)));
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) == -1 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            while (true) {
                try {
                    int count = in.read(bytes, offset, length);
                    position += Math.max(0, count);
                    return count;
                } catch (SifterException e) {
                    goOn(e);
                }
            }
        }

        private void goOn(SifterException failure) throws IOException {
            in.close();
            try {
                if (places.hasNext()) {
                    events.accept(new Event.Logged(Event.Level.VERBOSE, "%s, the rest comes from elsewhere".formatted(failure.getMessage())));
                }
                in = next().orElseThrow(() -> failure);
            } catch (InterruptedException e) {
                throw Courier.interrupted();
            }
        }

        @Override
        public void close() throws IOException {
            in.close();
        }
    }
}
