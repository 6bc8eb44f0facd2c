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
import java.util.ArrayList;
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
        return first(repository, places(repository, tagOrDigest), (registry, name) -> registry.resolve(name, tagOrDigest));
    }

    @Override
    public Document manifest(String repository, String tagOrDigest) throws IOException, InterruptedException {
        return first(repository, places(repository, tagOrDigest),
                (registry, name) -> Optional.of(registry.manifest(name, tagOrDigest))).orElseThrow();
    }

    @Override
    public ByteSource blob(String repository, Digest digest) {
        return blob(repository, digest, List.of());
    }

    @Override
    public ByteSource blob(String repository, Digest digest, List<String> urls) {
        return offset -> first(repository, places(repository, digest.toString()),
                (registry, name) -> Optional.of(registry.blob(name, digest, urls).open(offset))).orElseThrow();
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

    private <T> Optional<T> first(String repository, List<Place> places, Attempt<Optional<T>> attempt) throws IOException, InterruptedException {
        SifterException last = null;
        for (Place place : places) {
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
}
