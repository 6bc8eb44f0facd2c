package io.sifter.image.document;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.source.Document;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** One search for the manifest of a platform. Nested indexes are looked into in the place where they stand. */
final class PlatformChoice {
    private static final int MAX_DEPTH = 8;
    private static final int MAX_INDEXES = 100;
    private static final String ATTESTATION = "vnd.docker.reference.type";
    private static final Platform UNSTATED = Platform.linux("amd64");

    private record Candidate(Platform platform, Descriptor descriptor) {}

    private final Platform wanted;
    private final DocumentFetch fetch;
    private final List<Candidate> candidates = new ArrayList<>();
    private int indexes;

    PlatformChoice(Platform wanted, DocumentFetch fetch) {
        this.wanted = wanted;
        this.fetch = fetch;
    }

    Document choose(Document top) throws IOException, InterruptedException {
        if (!(Documents.parse(top) instanceof Index index)) {
            return top;
        }
        collect(index, 1);
        for (Optional<String> variant : acceptable(wanted)) {
            for (Candidate candidate : candidates) {
                Platform offered = candidate.platform;
                if (offered.os().equals(wanted.os()) && offered.architecture().equals(wanted.architecture())
                        && (wanted.variant().isEmpty() || offered.variant().equals(variant))) {
                    Document manifest = fetch.fetch(candidate.descriptor);
                    Documents.parseManifest(manifest);
                    return manifest;
                }
            }
        }
        Set<String> offered = candidates.stream().map(candidate -> candidate.platform.toString())
                .collect(Collectors.toCollection(LinkedHashSet::new));
        throw new UserException("no image satisfies requested platform: " + wanted,
                offered.isEmpty()
                        ? "The index %s holds no images".formatted(top.digest())
                        : "There are images for %s: choose one with --platform".formatted(String.join(", ", offered)));
    }

    private void collect(Index index, int depth) throws IOException, InterruptedException {
        if (depth > MAX_DEPTH || ++indexes > MAX_INDEXES) {
            throw new CorruptDataException("Indexes are nested more than %d deep or are more than %d".formatted(MAX_DEPTH, MAX_INDEXES));
        }
        for (Descriptor entry : index.manifests()) {
            if (MediaTypes.isIndex(entry.mediaType())) {
                // An index that says what it is for, and it is not our wish, costs no request.
                boolean unrelated = entry.platform().filter(platform -> !sameMachine(platform)).isPresent();
                if (unrelated) {
                    candidates.add(new Candidate(entry.platform().get(), entry));
                } else {
                    collect(Documents.parseIndex(fetch.fetch(entry)), depth + 1);
                }
            } else if (MediaTypes.isManifest(entry.mediaType()) && !isAttestation(entry)) {
                candidates.add(new Candidate(entry.platform().orElse(UNSTATED), entry));
            }
        }
    }

    private boolean sameMachine(Platform offered) {
        return offered.os().equals(wanted.os()) && offered.architecture().equals(wanted.architecture());
    }

    private static boolean isAttestation(Descriptor entry) {
        return entry.annotations().containsKey(ATTESTATION)
                || entry.platform().filter(platform -> platform.os().equals("unknown")).isPresent();
    }

    /** Variants from the best to the last resort. Newer ARM cores run what was built for older ones. */
    private static List<Optional<String>> acceptable(Platform wanted) {
        List<Optional<String>> variants = new ArrayList<>();
        variants.add(wanted.variant());
        if (wanted.architecture().equals("arm")) {
            List.of("v8", "v7", "v6", "v5").stream()
                    .filter(variant -> wanted.variant().filter(wish -> variant.compareTo(wish) < 0).isPresent())
                    .forEach(variant -> variants.add(Optional.of(variant)));
        }
        if (wanted.variant().isPresent()) {
            variants.add(Optional.empty());
        }
        return variants;
    }
}
