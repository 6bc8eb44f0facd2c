package io.sifter.network.mirror;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.error.UserException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The rules of containers-registries.conf(5). */
class RegistryRulesTest {
    private static final String DIGEST = "sha256:" + "0".repeat(64);

    @TempDir
    Path home;

    private Path write(String path, String text) throws Exception {
        Path file = home.resolve(path);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text);
    }

    private RegistryRules rules(String toml) throws Exception {
        return new RegistryRuleFiles(List.of(write("registries.conf", toml)), List.of(), List.of()).read();
    }

    private static List<String> places(RegistryRules rules, String host, String repository, String tag) throws UserException {
        return rules.places(host, repository, tag).stream()
                .map(place -> place.host() + "/" + place.repository() + (place.insecure() ? " insecure" : "")).toList();
    }

    @Test
    void mirrorsComeInTheirOrderBeforeTheRegistryItself() throws Exception {
        RegistryRules rules = rules("""
                unqualified-search-registries = ["docker.io"]
                [[registry]]
                location = "index.docker.io"
                [[registry.mirror]]
                location = "one.example/hub/"
                [[registry.mirror]]
                location = "two.example:5000"
                insecure = true
                """);

        assertThat(places(rules, "docker.io", "library/alpine", "latest"))
                .containsExactly("one.example/hub/library/alpine", "two.example:5000/library/alpine insecure", "docker.io/library/alpine");
        assertThat(places(rules, "quay.io", "a/b", "latest")).containsExactly("quay.io/a/b");
        assertThat(rules.concern("docker.io")).isTrue();
        assertThat(rules.concern("quay.io")).isFalse();
    }

    @Test
    void aLocationTakesThePlaceOfThePrefix() throws Exception {
        RegistryRules rules = rules("""
                [[registry]]
                prefix = "old.example/team"
                location = "new.example/moved/team"
                insecure = true
                [[registry]]
                prefix = "old.example"
                location = "docker.io"
                """);

        assertThat(places(rules, "old.example", "team/tool", "1")).containsExactly("new.example/moved/team/tool insecure");
        assertThat(places(rules, "old.example", "team2/tool", "1")).containsExactly("docker.io/team2/tool");
        assertThat(places(rules, "old.example", "alpine", "1")).containsExactly("docker.io/library/alpine");
        assertThat(places(rules, "old.example:5000", "team/tool", "1")).containsExactly("old.example:5000/team/tool");
    }

    @ParameterizedTest
    @CsvSource({
        "a.example, x/yz, 1, one/x/yz",
        "a.example, x/y/z, 1, two/z",
        "a.example, x/y/z/q, 1, three/repo",
        "a.example, x/y/zz, 1, two/zz",
        "a.example, x/y/z, 2, four/repo",
        "b.sub.example, q, 1, wild/q",
        "sub.example, q, 1, sub.example/q",
        "b.sub.example.org, q, 1, b.sub.example.org/q",
    })
    void theLongestPrefixCounts(String host, String repository, String tag, String expected) throws Exception {
        RegistryRules rules = rules("""
                registry = [
                  {prefix = "a.example", location = "one"},
                  {prefix = "a.example/x/y", location = "two"},
                  {prefix = "a.example/x/y/z/q", location = "three/repo"},
                  {prefix = "a.example/x/y/z:2", location = "four/repo"},
                  {prefix = "*.sub.example", location = "wild"},
                ]
                """);

        assertThat(places(rules, host, repository, tag)).containsExactly(expected);
    }

    @Test
    void aLocationThatLeavesNoRepositoryIsAMistake() throws Exception {
        RegistryRules rules = rules("[[registry]]\nprefix = \"a.example/x\"\nlocation = \"b.example\"\n");

        assertThatThrownBy(() -> rules.places("a.example", "x", "1")).isInstanceOf(UserException.class).hasMessageContaining("b.example names no repository");
    }

    @Test
    void aWildcardWithoutALocationKeepsTheName() throws Exception {
        RegistryRules rules = rules("""
                [[registry]]
                prefix = "*.example.org"
                insecure = true
                """);

        assertThat(places(rules, "a.example.org:5000", "x", "1")).containsExactly("a.example.org:5000/x insecure");
        assertThat(rules.concern("a.example.org:5000")).isTrue();
    }

    @Test
    void someMirrorsServeDigestsOnlyOrTagsOnly() throws Exception {
        RegistryRules each = rules("""
                [[registry]]
                location = "a.example"
                mirror = [{location = "digests", pull-from-mirror = "digest-only"}, {location = "tags", pull-from-mirror = "tag-only"}, {location = "both", pull-from-mirror = "all"}]
                """);
        assertThat(places(each, "a.example", "x", "1")).containsExactly("tags/x", "both/x", "a.example/x");
        assertThat(places(each, "a.example", "x", DIGEST)).containsExactly("digests/x", "both/x", "a.example/x");

        RegistryRules all = rules("""
                [[registry]]
                location = "a.example"
                mirror-by-digest-only = true
                mirror = [{location = "m"}]
                """);
        assertThat(places(all, "a.example", "x", "1")).containsExactly("a.example/x");
        assertThat(places(all, "a.example", "x", DIGEST)).containsExactly("m/x", "a.example/x");
    }

    @Test
    void whatIsBlockedIsNotFetched() throws Exception {
        RegistryRules rules = rules("""
                [[registry]]
                location = "docker.io/evil"
                blocked = true
                """);

        assertThatThrownBy(() -> rules.places("docker.io", "evil/tool", "1")).isInstanceOf(UserException.class)
                .hasMessage("docker.io/evil/tool is not fetched: %s blocks docker.io/evil".formatted(home.resolve("registries.conf")));
        assertThat(places(rules, "docker.io", "evilish/tool", "1")).hasSize(1);
    }

    @Test
    void theOldListsAreUnderstood() throws Exception {
        RegistryRules rules = rules("""
                [registries.insecure]
                registries = ["plain.example:5000"]
                [registries.block]
                registries = ["bad.example"]
                """);

        assertThat(places(rules, "plain.example:5000", "x", "1")).containsExactly("plain.example:5000/x insecure");
        assertThatThrownBy(() -> rules.places("bad.example", "x", "1")).isInstanceOf(UserException.class);
    }

    @Test
    void theUsersFileStandsInForTheHostsAndDropInsOverrideInTheirOrder() throws Exception {
        write(".config/containers/registries.conf", rule("a.example", "main"));
        write(".config/containers/registries.conf.d/20-b.conf", rule("a.example", "late"));
        write(".config/containers/registries.conf.d/10-a.conf", rule("a.example", "early") + rule("b.example", "b"));
        write(".config/containers/registries.conf.d/99.bak", rule("a.example", "never"));

        RegistryRuleFiles files = RegistryRuleFiles.of(Map.of("HOME", home.toString()));
        assertThat(files.files()).containsExactly(home.resolve(".config/containers/registries.conf"));
        assertThat(RegistryRuleFiles.of(Map.of()).files()).containsExactly(Path.of("/etc/containers/registries.conf"));
        RegistryRules rules = files.read();

        assertThat(places(rules, "a.example", "x", "1")).containsExactly("late/x");
        assertThat(places(rules, "b.example", "x", "1")).containsExactly("b/x");
    }

    private static String rule(String prefix, String location) {
        return "[[registry]]\nprefix = \"%s\"\nlocation = \"%s\"\n".formatted(prefix, location);
    }

    @Test
    void ourOwnConfigurationReplacesTheRuleForTheSamePrefix() throws Exception {
        Path conf = write("registries.conf", rule("a.example", "theirs") + rule("a.example/team", "theirs-team"));

        RegistryRules rules = new RegistryRuleFiles(List.of(conf), List.of(), List.of(
                Map.of("prefix", "a.example", "mirror", List.of(Map.of("location", "m", "insecure", true))))).read();

        assertThat(places(rules, "a.example", "x", "1")).containsExactly("m/x insecure", "a.example/x");
        assertThat(places(rules, "a.example", "team/x", "1")).containsExactly("theirs-team/x");
    }

    @Test
    void anUnknownKeyOfOurOwnIsAMistake() {
        assertThatThrownBy(() -> new RegistryRuleFiles(List.of(), List.of(), List.of(Map.of("prefix", "a", "mirrors", List.of()))).read())
                .isInstanceOf(UserException.class).hasMessageContaining("network.registries").hasMessageContaining("'mirrors'");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "[[registry]\nlocation = 1",
        "[[registry]]\nlocation = 1",
        "[[registry]]\ninsecure = true",
        "[[registry]]\nlocation = \"https://a.example\"",
        "[[registry]]\nlocation = \"a.example\"\ninsecure = \"yes\"",
        "registry = \"a\"",
        "registry = [1]",
        "[[registry]]\nlocation = \"a\"\n[[registry.mirror]]\ninsecure = true",
        "[[registry]]\nlocation = \"a\"\n[[registry.mirror]]\nlocation = \"m\"\npull-from-mirror = \"sometimes\"",
        "[[registry]]\nlocation = \"a\"\nmirror-by-digest-only = true\n[[registry.mirror]]\nlocation = \"m\"\npull-from-mirror = \"all\"",
    })
    void aFileThatMakesNoSenseIsNamed(String toml) {
        assertThatThrownBy(() -> rules(toml)).isInstanceOf(UserException.class).hasMessageContaining(home.resolve("registries.conf").toString());
    }

    @Test
    void shortNamesAndPlacesToSearchChangeNothing() throws Exception {
        RegistryRules rules = rules("""
                unqualified-search-registries = ["registry.example", "docker.io"]
                short-name-mode = "enforcing"
                [aliases]
                "alpine" = "registry.example/team/alpine"
                "registry" = "docker.io/library/registry"
                """);

        assertThat(places(rules, "docker.io", "library/alpine", "latest")).containsExactly("docker.io/library/alpine");
    }

    @Test
    void rulesBehindShortNamesCount() throws Exception {
        RegistryRules rules = rules("""
                [aliases]
                "registry" = "docker.io/library/registry"
                [[registry]]
                location = "docker.io"
                blocked = true
                """);

        assertThat(rules.concern("docker.io")).isTrue();
    }

    @Test
    void filesWithoutRulesAndMissingFilesChangeNothing() throws Exception {
        RegistryRules rules = new RegistryRuleFiles(List.of(home.resolve("absent"), write("empty.conf", "# [[registry]]\nunqualified-search-registries = [\"docker.io\"]\n")),
                List.of(home.resolve("absent.d")), List.of()).read();

        assertThat(rules.concern("docker.io")).isFalse();
    }
}
