package io.sifter.image.document;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.error.CorruptDataException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
    @Test
    void writesMembersInTheGivenOrderWithoutBlanks() {
        Map<String, Object> value = new LinkedHashMap<>();
        value.put("b", List.of(1, 2L));
        value.put("a", Map.of());
        value.put("c", null);
        assertThat(compact(value)).isEqualTo("{\"b\":[1,2],\"a\":{},\"c\":null}");
    }

    @Test
    void indentsAsGoDoes() {
        Map<String, Object> value = new LinkedHashMap<>();
        value.put("data", Map.of("labels", Map.of("k", "v")));
        value.put("none", Map.of());
        value.put("list", List.of("x", List.of()));
        assertThat(new String(Json.indented(value, "\t"), StandardCharsets.UTF_8)).isEqualTo("""
                {
                \t"data": {
                \t\t"labels": {
                \t\t\t"k": "v"
                \t\t}
                \t},
                \t"none": {},
                \t"list": [
                \t\t"x",
                \t\t[]
                \t]
                }""");
    }

    @Test
    void escapesWhatGoEscapesForHtmlAndNothingElse() {
        assertThat(compact("<a href='x'>&\u2028\u2029\"\\\b\f\n\r\t\u0001\u007f/é😀\ud800"))
                .isEqualTo("\"\\u003ca href='x'\\u003e\\u0026\\u2028\\u2029\\\"\\\\\\b\\f\\n\\r\\t\\u0001\u007f/é😀\\ufffd\"");
    }

    @Test
    void ordersMembersByCodePoint() {
        Map<String, Object> map = new TreeMap<>(Json.MEMBER_ORDER);
        List.of("\ud83d\ude00", "\uffee", "b", "a", "aa", "").forEach(key -> map.put(key, 1));
        assertThat(map.keySet()).containsExactly("", "a", "aa", "b", "\uffee", "\ud83d\ude00");
    }

    @Test
    void readsBackWhatItWrote() throws Exception {
        Map<String, Object> value = new LinkedHashMap<>();
        value.put("text", "\u0000<é😀>");
        value.put("list", new ArrayList<>(List.of(1L, -5L, true, false)));
        value.put("nested", Map.of("deep", List.of(List.of(Map.of()))));
        value.put("nothing", null);
        assertThat(Json.parse(Json.compact(value), "it")).isEqualTo(value);
        assertThat(Json.parse(Json.indented(value, "  "), "it")).isEqualTo(value);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "   ", "{", "[1,", "{\"a\"}", "{\"a\":1}x", "{} {}", "nul", "01", "{\"a\":1,\"a\":2}", "'a'", "{a:1}", "\"\n\""})
    void refusesWhatIsNotExactlyOneValue(String text) {
        assertThatThrownBy(() -> Json.parse(text.getBytes(StandardCharsets.UTF_8), "The thing"))
                .isInstanceOf(CorruptDataException.class).hasMessageStartingWith("The thing is ");
    }

    @Test
    void refusesDeepNestingWithoutRecursion() {
        String text = "[".repeat(1_000_000) + "]".repeat(1_000_000);
        assertThatThrownBy(() -> Json.parse(text.getBytes(StandardCharsets.UTF_8), "The thing"))
                .isInstanceOf(CorruptDataException.class);
    }

    @Test
    void refusesNumbersOfAbsurdLength() {
        assertThatThrownBy(() -> Json.parse("9".repeat(1000).getBytes(StandardCharsets.UTF_8), "The thing"))
                .isInstanceOf(CorruptDataException.class);
    }

    @Test
    void onlyCorruptDataComesOutOfDamagedText() throws Exception {
        byte[] valid = compact(Map.of("a", List.of(1, "x\u2028", Map.of("b", true)), "c", "é")).getBytes(StandardCharsets.UTF_8);
        Random random = new Random(7);
        int refused = 0;
        for (int i = 0; i < 5000; i++) {
            byte[] damaged = valid.clone();
            damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
            try {
                Json.parse(damaged, "it");
            } catch (CorruptDataException expected) {
                refused++;
            }
        }
        assertThat(refused).isBetween(1, 4999);
    }

    private static String compact(Object value) {
        return new String(Json.compact(value), StandardCharsets.UTF_8);
    }
}
