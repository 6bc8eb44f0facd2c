package io.sifter.spi.reference;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Objects;

/**
 * Names content by its hash, as {@code algorithm:hex} (OCI image specification, descriptor, "Digests"). The hex digits
 * are lower-case and as many as the algorithm yields.
 */
public record Digest(Algorithm algorithm, String hex) {
    /** The registered algorithms of the OCI image specification. */
    public enum Algorithm {
        SHA256("sha256", "SHA-256", 64),
        SHA512("sha512", "SHA-512", 128);

        private final String label;
        private final String jdkName;
        private final int hexLength;

        Algorithm(String label, String jdkName, int hexLength) {
            this.label = label;
            this.jdkName = jdkName;
            this.hexLength = hexLength;
        }

        /** A fresh computation of this algorithm; not thread-safe, one per stream. */
        public MessageDigest start() {
            try {
                return MessageDigest.getInstance(jdkName);
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("Every JDK has " + jdkName, e);
            }
        }
    }

    public Digest {
        Objects.requireNonNull(algorithm);
        if (hex.length() != algorithm.hexLength || !hex.chars().allMatch(c -> c >= '0' && c <= '9' || c >= 'a' && c <= 'f')) {
            throw new IllegalArgumentException("Not a %s digest: '%s'".formatted(algorithm.label, hex));
        }
    }

    // Written out, since what a record would do by itself is made anew at every start.

    @Override
    public boolean equals(Object other) {
        return other instanceof Digest digest && algorithm == digest.algorithm && hex.equals(digest.hex);
    }

    @Override
    public int hashCode() {
        return hex.hashCode();
    }

    /** @throws IllegalArgumentException if {@code text} is not {@code sha256:<64 hex>} or {@code sha512:<128 hex>} */
    public static Digest parse(String text) {
        int colon = text.indexOf(':');
        for (Algorithm algorithm : Algorithm.values()) {
            if (colon >= 0 && text.substring(0, colon).equals(algorithm.label)) {
                return new Digest(algorithm, text.substring(colon + 1));
            }
        }
        throw new IllegalArgumentException("Not a digest: '%s'".formatted(text));
    }

    public static Digest sha256(byte[] content) {
        return finish(Algorithm.SHA256, Algorithm.SHA256.start().digest(content));
    }

    /** Names the result of a computation that {@link Algorithm#start()} began. */
    public static Digest finish(Algorithm algorithm, byte[] hash) {
        return new Digest(algorithm, HexFormat.of().formatHex(hash));
    }

    @Override
    public String toString() {
        return algorithm.label + ":" + hex;
    }
}
