package io.sifter.spi.reference;

import java.util.Locale;
import java.util.Optional;

/**
 * What an image was built for, in the words of Go ({@code linux}, {@code amd64}, {@code v7}), as OCI documents use them.
 * {@link #normalized} folds the usual aliases ({@code x86_64}, {@code aarch64}, {@code armhf}…).
 */
public record Platform(String os, String architecture, Optional<String> variant) {
    public static Platform linux(String architecture) {
        return normalized("linux", architecture, Optional.empty());
    }

    /** The platform of this machine. */
    public static Platform host() {
        return linux(System.getProperty("os.arch"));
    }

    /** Parses {@code os/architecture[/variant]}, as {@code --platform} takes it. */
    public static Platform parse(String text) {
        String[] parts = text.split("/", -1);
        if (parts.length < 2 || parts.length > 3 || parts[0].isEmpty() || parts[1].isEmpty()) {
            throw new IllegalArgumentException("Not a platform (os/architecture[/variant]): '%s'".formatted(text));
        }
        return normalized(parts[0], parts[1], parts.length == 3 ? Optional.of(parts[2]) : Optional.empty());
    }

    public static Platform normalized(String os, String architecture, Optional<String> variant) {
        String arch = architecture.toLowerCase(Locale.ROOT);
        return switch (arch) {
            case "i386", "i686", "x86" -> new Platform(os, "386", variant);
            case "x86_64", "x86-64", "amd64" -> new Platform(os, "amd64", variant.filter(v -> !v.equals("v1")));
            case "aarch64", "arm64" ->
                    new Platform(os, "arm64", variant.filter(v -> !v.equals("8") && !v.equals("v8")));
            case "armhf" -> new Platform(os, "arm", Optional.of("v7"));
            case "armel" -> new Platform(os, "arm", Optional.of("v6"));
            case "arm" -> new Platform(os, "arm", Optional.of(variant.map(v -> v.startsWith("v") ? v : "v" + v).orElse("v7")));
            default -> new Platform(os, arch, variant);
        };
    }

    /** Whether an image for {@code offered} satisfies this wish; a variant matters only where it is wished. */
    public boolean accepts(Platform offered) {
        return os.equals(offered.os) && architecture.equals(offered.architecture)
                && (variant.isEmpty() || variant.equals(offered.variant));
    }

    @Override
    public String toString() {
        return os + "/" + architecture + variant.map(v -> "/" + v).orElse("");
    }
}
