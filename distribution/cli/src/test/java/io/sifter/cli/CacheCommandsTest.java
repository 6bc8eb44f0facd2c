package io.sifter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.cli.CacheCommands.CleanRequest;
import io.sifter.cli.CacheCommands.ListRequest;
import io.sifter.cli.options.CommandTable;
import io.sifter.cli.options.Invocation;
import io.sifter.engine.cache.CacheContents.Entry;
import io.sifter.engine.cache.CacheContents.Type;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CacheCommandsTest {
    private static String list(List<Entry> entries, String line) throws Exception {
        ListRequest request = CacheCommands.listRequest(Invocation.parse(CommandTable.full(), List.of(line.split(" "))).values());
        var out = new ByteArrayOutputStream();
        CacheCommands.print(entries, request, new PrintStream(out, true, StandardCharsets.UTF_8));
        return out.toString(StandardCharsets.UTF_8);
    }

    private static Entry entry(Type type, String name, long size) {
        Instant time = LocalDateTime.of(2026, 11, 23, 6, 21, 56).atZone(ZoneId.systemDefault()).toInstant();
        return new Entry(type, name, Path.of("/cache/" + name + "/lolcow_latest.sif"), size, time, time);
    }

    private static CleanRequest clean(String line) throws Exception {
        return CacheCommands.cleanRequest(Invocation.parse(CommandTable.full(), List.of(line.split(" "))).values());
    }

    @Test
    void theListReadsLikeTheUserGuide() throws Exception {
        List<Entry> entries = List.of(entry(Type.OCI_TMP, "a", 4_750_000_000L), entry(Type.OCI, "b", 5_030_000_000L));

        String guide = """
                There are 1 container file(s) using 4.75 GB and 1 oci blob file(s) using 5.03 GB of space
                Total space used: 9.78 GB
                """;
        assertThat(list(entries, "cache list")).isEqualTo(guide);
        assertThat(list(entries, "cache list --all --summary")).isEqualTo(guide);
    }

    @Test
    void packsAreATypeOfTheirOwn() throws Exception {
        List<Entry> entries = List.of(entry(Type.OCI, "b", 5_000_000_000L), entry(Type.PACK, "c", 30_000_000L));

        assertThat(list(entries, "cache list")).isEqualTo("""
                There are 0 container file(s) using 0.00 kB and 1 oci blob file(s) using 5.00 GB of space
                There are 1 pack file(s) using 30.00 MB of space
                Total space used: 5.03 GB
                """);
        assertThat(list(List.of(), "cache list -T pack")).isEqualTo("There are 0 pack file(s) using 0.00 kB of space\nTotal space used: 0.00 kB\n");
        assertThat(clean("cache clean -T blob").types()).containsExactly(Type.OCI);
        assertThat(clean("cache clean -T pack").types()).containsExactly(Type.PACK);
        assertThat(clean("cache clean -T pack,all").types()).containsExactly(Type.values());
    }

    @Test
    void entriesAreChosenByNameAndAge() throws Exception {
        Entry entry = entry(Type.OCI_TMP, "1fedc6fdc197da228d54dbffff", 1);
        Instant day = entry.modified().plus(Duration.ofHours(25));

        assertThat(clean("cache clean --name lolcow_latest.sif").chooses(entry, day)).isTrue();
        assertThat(clean("cache clean --name 1fedc6fdc197da228d54dbffff").chooses(entry, day)).isTrue();
        assertThat(clean("cache clean --name other,1fedc6fdc197da228d54db").chooses(entry, day)).as("as much as the list shows").isTrue();
        assertThat(clean("cache clean --name 1fedc6").chooses(entry, day)).isFalse();
        assertThat(clean("cache clean --days 1").chooses(entry, day)).isTrue();
        assertThat(clean("cache clean --days 2").chooses(entry, day)).isFalse();
        assertThat(clean("cache clean --days 2 --name lolcow_latest.sif").chooses(entry, day)).isFalse();
    }

    @Test
    void saysBeforehandWhatWillBeDeleted() throws Exception {
        assertThat(CacheCommands.announcement(clean("cache clean")))
                .isEqualTo("This will delete everything in your cache (containers from all sources and OCI blobs).\n");
        assertThat(CacheCommands.announcement(clean("cache clean --days 3 -T blob,pack")))
                .isEqualTo("This will delete everything that is older than 3 day(s) in your cache of these types: oci, pack.\n");
        assertThat(CacheCommands.announcement(clean("cache clean --name a,b"))).isEqualTo("This will delete a, b in your cache.\n");
    }

    @Test
    void theLongListHasARowForEachEntry() throws Exception {
        List<Entry> entries = List.of(entry(Type.OCI, "54874a8f5467788fc37735ffff", 470), entry(Type.OCI_TMP, "1fedc6fdc197da228d54dbffff", 57_050_000));

        assertThat(list(entries, "cache list -v")).isEqualTo("""
                NAME                     DATE CREATED           SIZE             TYPE
                54874a8f5467788fc37735   2026-11-23 06:21:56    0.47 kB          blob
                1fedc6fdc197da228d54db   2026-11-23 06:21:56    57.05 MB         oci-tmp

                There are 1 container file(s) using 57.05 MB and 1 oci blob file(s) using 0.47 kB of space
                Total space used: 57.05 MB
                """);
    }

    @Test
    void chosenTypesAloneAreCounted() throws Exception {
        assertThat(list(List.of(), "cache list -T blob")).isEqualTo("There are 0 oci blob file(s) using 0.00 kB of space\nTotal space used: 0.00 kB\n");
        assertThat(list(List.of(), "cache list -T net,oras")).startsWith("There are 0 container file(s) using 0.00 kB of space\n");
    }

    @ParameterizedTest
    @CsvSource({"0,0.00 kB", "999,1.00 kB", "1000000,1.00 MB", "4750000000,4.75 GB", "1234567890123456,1234.57 TB"})
    void sizesAreDecimal(long bytes, String text) {
        assertThat(CacheCommands.size(bytes)).isEqualTo(text);
    }
}
