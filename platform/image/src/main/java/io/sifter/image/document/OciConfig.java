package io.sifter.image.document;

import io.sifter.spi.error.CorruptDataException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The {@code config} object in the form a SIF keeps it: known members only, in one fixed order, empty ones left out,
 * members of maps sorted. That is what the reference implementations write, so equal images give equal files.
 */
final class OciConfig {
    private enum Type { FLAG, TEXT, STRINGS, STRING_MAP, SET, HEALTH }

    private record Member(String name, Type type) {}

    private static final List<Member> ORDER = List.of(
            new Member("AttachStderr", Type.FLAG),
            new Member("AttachStdin", Type.FLAG),
            new Member("AttachStdout", Type.FLAG),
            new Member("Cmd", Type.STRINGS),
            new Member("Healthcheck", Type.HEALTH),
            new Member("Domainname", Type.TEXT),
            new Member("Entrypoint", Type.STRINGS),
            new Member("Env", Type.STRINGS),
            new Member("Hostname", Type.TEXT),
            new Member("Image", Type.TEXT),
            new Member("Labels", Type.STRING_MAP),
            new Member("OnBuild", Type.STRINGS),
            new Member("OpenStdin", Type.FLAG),
            new Member("StdinOnce", Type.FLAG),
            new Member("Tty", Type.FLAG),
            new Member("User", Type.TEXT),
            new Member("Volumes", Type.SET),
            new Member("WorkingDir", Type.TEXT),
            new Member("ExposedPorts", Type.SET),
            new Member("ArgsEscaped", Type.FLAG),
            new Member("NetworkDisabled", Type.FLAG),
            new Member("MacAddress", Type.TEXT),
            new Member("StopSignal", Type.TEXT),
            new Member("Shell", Type.STRINGS));

    private OciConfig() {}

    static byte[] compact(Members config) throws CorruptDataException {
        Map<String, Object> kept = new LinkedHashMap<>();
        for (Member member : ORDER) {
            put(kept, member.name, value(config, member));
        }
        return Json.compact(kept);
    }

    private static Object value(Members config, Member member) throws CorruptDataException {
        String name = member.name;
        return switch (member.type) {
            case FLAG -> config.truth(name);
            case TEXT -> config.string(name).orElse("");
            case STRINGS -> config.strings(name);
            case STRING_MAP -> sorted(config.stringMap(name));
            case SET -> {
                Map<String, Object> set = new TreeMap<>(Json.MEMBER_ORDER);
                Optional<Members> object = config.object(name);
                object.ifPresent(members -> members.values().keySet().forEach(key -> set.put((String) key, Map.of())));
                yield set;
            }
            case HEALTH -> {
                Optional<Members> object = config.object(name);
                yield object.isEmpty() ? false : health(object.get());
            }
        };
    }

    private static HealthCheck health(Members check) throws CorruptDataException {
        Map<String, Object> kept = new LinkedHashMap<>();
        put(kept, "Test", check.strings("Test"));
        for (String number : List.of("Interval", "Timeout", "StartPeriod", "Retries")) {
            put(kept, number, check.integer(number).orElse(0L));
        }
        return new HealthCheck(kept);
    }

    /** Stays even if it is empty, unlike other objects: in Go it is a pointer. */
    private record HealthCheck(Map<String, Object> members) {}

    private static Map<String, Object> sorted(Map<String, String> map) {
        Map<String, Object> sorted = new TreeMap<>(Json.MEMBER_ORDER);
        sorted.putAll(map);
        return sorted;
    }

    private static void put(Map<String, Object> kept, String name, Object value) {
        switch (value) {
            case HealthCheck(Map<String, Object> members) -> kept.put(name, members);
            case Boolean truth when !truth -> {}
            case String text when text.isEmpty() -> {}
            case Long number when number == 0 -> {}
            case List<?> list when list.isEmpty() -> {}
            case Map<?, ?> map when map.isEmpty() -> {}
            default -> kept.put(name, value);
        }
    }
}
