package io.sifter.agent.library;

import io.sifter.image.document.Json;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** What requests carry. */
final class Body {
    private Body() {}

    static String of(Map<String, Object> members) {
        return new String(Json.compact(members), StandardCharsets.UTF_8);
    }
}
