package io.sifter.spi;

import io.sifter.spi.error.UserException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What the header of a definition says.
 *
 * @param values by key in lower case, in order, none of them empty
 */
public record Header(Map<String, String> values) {
    /** Of what was not asked for by a definition. */
    public static final Header NONE = new Header(Map.of());

    /** Keys may be in any case; those with empty values count as missing. */
    public Header {
        Map<String, String> said = new LinkedHashMap<>();
        values.forEach((key, value) -> {
            if (!value.isBlank()) {
                said.put(key.toLowerCase(Locale.ROOT), value.strip());
            }
        });
        values = Collections.unmodifiableMap(said);
    }

    /** @param key in any case */
    public Optional<String> find(String key) {
        return Optional.ofNullable(values.get(key.toLowerCase(Locale.ROOT)));
    }

    /**
     * @param key as users write it
     * @throws UserException if it is missing
     */
    public String require(String key) throws UserException {
        return find(key).orElseThrow(() -> new UserException("invalid %s header, no %s specified".formatted(find("bootstrap").orElse("definition"), key),
                "Add a line '%s: …' below Bootstrap.".formatted(key)));
    }
}
