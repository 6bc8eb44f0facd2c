package io.sifter.engine.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.error.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LimitsTest {
    @TempDir
    private Path directory;

    private static Limits.Given text(String option, String value) {
        return new Limits.Given(given(option, "cpus", value), OptionalLong.empty(), given(option, "cpuset-cpus", value), given(option, "cpuset-mems", value),
                given(option, "memory", value), given(option, "memory-reservation", value), given(option, "memory-swap", value),
                number(option, "pids-limit", value), number(option, "blkio-weight", value),
                option.equals("blkio-weight-device") ? List.of(value) : List.of(), given(option, "apply-cgroups", value).map(Path::of));
    }

    private static Optional<String> given(String option, String name, String value) {
        return option.equals(name) ? Optional.of(value) : Optional.empty();
    }

    private static OptionalLong number(String option, String name, String value) {
        return option.equals(name) ? OptionalLong.of(Long.parseLong(value)) : OptionalLong.empty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "cpus|1.5|cpu.max 150000 100000", "cpus|0.01|cpu.max 1000 100000",
        "cpuset-cpus|0-3,5|cpuset.cpus 0-3,5", "cpuset-mems|0|cpuset.mems 0",
        "memory|512m|memory.max 536870912", "memory|1.5GiB|memory.max 1610612736", "memory|10|memory.max 10", "memory|2 kB|memory.max 2048",
        "memory-reservation|1g|memory.low 1073741824", "memory-swap|-1|memory.swap.max max",
        "pids-limit|20|pids.max 20", "pids-limit|-1|pids.max max", "blkio-weight|10|io.weight default 1", "blkio-weight|1000|io.weight default 10000",
    })
    void optionsBecomeFilesOfAGroup(String option, String value, String expected) throws Exception {
        assertThat(Limits.of(text(option, value)).text()).isEqualTo(expected + "\n");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "cpus|0|invalid CPU value", "cpus|-1|invalid CPU value", "cpus|many|invalid CPU value", "memory|much|invalid size", "memory|-5|invalid size",
        "memory|9999999p|invalid size", "memory-swap|1g|without memory limit", "blkio-weight|9|weight of block I/O", "blkio-weight|1001|weight of block I/O",
        "blkio-weight-device|/dev/null:500|no block device", "blkio-weight-device|/dev/none:500|does not exist", "blkio-weight-device|500|invalid value",
        "apply-cgroups|/nowhere.toml|could not load cgroups config",
    })
    void whatIsNoLimitIsRefused(String option, String value, String message) {
        assertThatThrownBy(() -> Limits.of(text(option, value))).isInstanceOf(UserException.class).hasMessageContaining(message);
    }

    @Test
    void swapIsWhatIsLeftOfTheSum() throws Exception {
        assertThat(Limits.swap(300, OptionalLong.of(100))).isEqualTo("200");
        assertThatThrownBy(() -> Limits.swap(99, OptionalLong.of(100))).hasMessageContaining("must be >= memory limit");
    }

    @Test
    void weightsAreStretched() throws Exception {
        assertThat(List.of(Limits.weight(2), Limits.weight(1024), Limits.weight(262144))).containsExactly("1", "39", "10000");
        assertThatThrownBy(() -> Limits.weight(1)).isInstanceOf(UserException.class);
    }

    private Map<String, String> file(String text) throws IOException {
        return Limits.of(text("apply-cgroups", Files.writeString(directory.resolve("limits.toml"), text).toString())).settings();
    }

    @Test
    void readsTheFileOfTheReference() throws Exception {
        assertThat(file("""
                # limits
                [cpu]
                    shares = 1024
                    quota = 50_000
                    period = 100000
                    cpus = "0-1"   # two
                [memory]
                limit = 524288000
                swap = 600000000
                reservation = 1000
                [pids]
                limit = 10
                [blockIO]
                weight = 1000
                [[blockIO.weightDevice]]
                major = 8
                minor = 0
                weight = 10
                [[blockIO.throttleReadBpsDevice]]
                major = 7
                minor = 0
                rate = 1048576
                [[hugepageLimits]]
                pageSize = "2MB"
                limit = 0
                [unified]
                "memory.high" = "100000"
                """)).containsExactlyInAnyOrderEntriesOf(Map.ofEntries(Map.entry("cpu.weight", "39"), Map.entry("cpu.max", "50000 100000"),
                Map.entry("cpuset.cpus", "0-1"), Map.entry("memory.max", "524288000"), Map.entry("memory.swap.max", "75712000"),
                Map.entry("memory.low", "1000"), Map.entry("pids.max", "10"), Map.entry("io.weight", "default 10000\n8:0 1"),
                Map.entry("io.max", "7:0 rbps=1048576"), Map.entry("hugetlb.2MB.max", "0"), Map.entry("memory.high", "100000")));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "[devices]^allow = true|a table that is not supported: devices", "[cpu]^realtimeRuntime = 1|not supported: cpu.realtimeRuntime",
        "[cpu]^shares|line 2 no key = value", "[cpu|no table's name", "[cpu]^shares = many|no whole number", "[cpu]^shares = [1, 2]|neither a number nor a text",
        "[unified]^'../../x' = '1'|no file of a controller", "[unified]^cgroup.kill = '1'|no file of a controller", "[memory]^disableOOMKiller = true|not supported",
        "[[blockIO.weightDevice]]^major = 8|no minor", "shares = 5|not supported: shares", "[cpu]^shares = 5^shares = 6|second time",
    })
    void aFileThatSaysSomethingElseIsRefused(String text, String message) {
        assertThatThrownBy(() -> file(text.replace('^', '\n'))).isInstanceOf(UserException.class).hasMessageContaining(message);
    }

    @Test
    void aGroupTellsWhatItUses() throws Exception {
        Files.writeString(directory.resolve("cpu.stat"), "usage_usec 1500\nuser_usec 1000\n");
        Files.writeString(directory.resolve("memory.current"), "4096\n");
        Files.writeString(directory.resolve("memory.max"), "8192\n");
        Files.writeString(directory.resolve("io.stat"), "8:0 rbytes=10 wbytes=20 rios=1\n8:16 rbytes=1 wbytes=2\n");
        Files.writeString(directory.resolve("pids.current"), "3\n");
        Files.writeString(directory.resolve("pids.max"), "max\n");

        assertThat(ControlGroup.usage(directory)).isEqualTo(new ControlGroup.Usage(1500, 4096, 8192, 11, 22, 3, -1));
        Files.delete(directory.resolve("memory.current"));
        Files.writeString(directory.resolve("memory.max"), "max\n");
        assertThat(ControlGroup.usage(directory).memory()).isEqualTo(-1);
        assertThat(ControlGroup.usage(directory).memoryLimit()).isPositive();
    }
}
