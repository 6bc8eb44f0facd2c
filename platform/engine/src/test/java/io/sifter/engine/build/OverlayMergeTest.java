package io.sifter.engine.build;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.spi.tree.Attributes;
import io.sifter.spi.tree.Content;
import io.sifter.spi.tree.Device;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.Node;
import io.sifter.spi.tree.RegularFile;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OverlayMergeTest {
    private static final byte[] YES = {'y'};

    private final Directory lower = directory(5, Map.of());
    private final Directory upper = directory(9, Map.of());

    @Test
    void deviceZeroHidesWhatIsBelow() {
        lower.children().put("gone", file(1, Map.of()));
        lower.children().put("stays", file(1, Map.of()));
        upper.children().put("gone", new Device(Attributes.of(0, 2), false, 0, 0));

        assertThat(merged(true, false).children()).containsOnlyKeys("stays");
    }

    @Test
    void whatIsAboveReplacesWhatIsBelow() {
        lower.children().put("file", directory(1, Map.of()));
        lower.children().put("directory", file(1, Map.of()));
        Directory now = directory(2, Map.of());
        now.children().put("inside", file(2, Map.of()));
        upper.children().put("file", file(2, Map.of()));
        upper.children().put("directory", now);

        Directory merged = merged(true, false);

        assertThat(merged.children().get("file")).isSameAs(upper.children().get("file"));
        assertThat(((Directory) merged.children().get("directory")).children()).containsOnlyKeys("inside");
        assertThat(merged.attributes().mtime()).isEqualTo(9);
    }

    @Test
    void anOpaqueDirectoryHidesAllBelowByTheAttributeOfItsKindAlone() {
        for (boolean trusted : new boolean[] {true, false}) {
            for (String name : new String[] {"trusted.overlay.opaque", "user.overlay.opaque"}) {
                Directory below = directory(1, Map.of());
                below.children().put("old", file(1, Map.of()));
                Directory above = directory(2, Map.of(name, YES));
                above.children().put("new", file(2, Map.of()));

                Directory merged = merged(below, above, trusted);

                boolean hides = name.startsWith("trusted.") == trusted;
                assertThat(merged.children().keySet()).containsExactlyElementsOf(hides ? List.of("new") : List.of("new", "old"));
                assertThat(merged.attributes().xattrs().containsKey(name)).isEqualTo(!hides);
            }
        }
    }

    private static Directory merged(Directory below, Directory above, boolean trusted) {
        Directory lower = directory(5, Map.of());
        Directory upper = directory(9, Map.of());
        lower.children().put("d", below);
        upper.children().put("d", above);
        return (Directory) new OverlayMerge(trusted, false, 0).merge(lower, upper).children().get("d");
    }

    /** Notes of the kernel go, and what was one inode is one still. */
    @Test
    void notesGoAndLinksStay() {
        Node file = file(2, Map.of("trusted.overlay.origin", YES, "user.mine", YES));
        upper.children().put("a", file);
        upper.children().put("b", file);

        Directory merged = merged(true, false);

        assertThat(merged.children().get("a")).isSameAs(merged.children().get("b"));
        assertThat(merged.children().get("a").attributes().xattrs()).containsOnlyKeys("user.mine");
        assertThat(((RegularFile) merged.children().get("a")).content()).isSameAs(((RegularFile) file).content());
    }

    @Test
    void aServerHidesByNamesToo() {
        Directory below = directory(1, Map.of());
        below.children().put("old", file(1, Map.of()));
        Directory above = directory(2, Map.of());
        above.children().put(".wh..wh..opq", file(2, Map.of()));
        lower.children().put("d", below);
        lower.children().put("gone", file(1, Map.of()));
        upper.children().put("d", above);
        upper.children().put(".wh.gone", file(2, Map.of()));

        Directory merged = merged(true, true);

        assertThat(merged.children()).containsOnlyKeys("d");
        assertThat(((Directory) merged.children().get("d")).children()).isEmpty();
    }

    @Test
    void theKernelHidesNothingByNames() {
        upper.children().put(".wh.name", file(2, Map.of()));
        lower.children().put("name", file(1, Map.of()));

        assertThat(merged(true, false).children()).containsOnlyKeys(".wh.name", "name");
    }

    /** A server forgets the time of a directory that it copies up; what was set on purpose or changed by names counts. */
    @Test
    void aServersDirectoriesKeepTheirTimeUnlessNamesChange() {
        lower.children().put("name", file(1, Map.of()));
        upper.children().put("name", file(9, Map.of()));

        assertThat(new OverlayMerge(true, true, 9).merge(lower, upper).attributes().mtime()).isEqualTo(5);
        assertThat(new OverlayMerge(true, true, 10).merge(lower, upper).attributes().mtime()).isEqualTo(9);
        upper.children().put("new", file(9, Map.of()));
        assertThat(new OverlayMerge(true, true, 9).merge(lower, upper).attributes().mtime()).isEqualTo(9);
    }

    @Test
    void marksInABaseAreFound() {
        Directory deep = directory(1, Map.of());
        lower.children().put("d", deep);
        assertThat(LayerTrees.hasMarks(lower)).isFalse();

        deep.children().put("x", file(1, Map.of("user.overlay.redirect", YES)));
        assertThat(LayerTrees.hasMarks(lower)).isTrue();
        deep.children().put("x", new Device(Attributes.of(0, 1), false, 0, 0));
        assertThat(LayerTrees.hasMarks(lower)).isTrue();
        deep.children().remove("x");
        deep.children().put(".wh.x", file(1, Map.of()));
        assertThat(LayerTrees.hasMarks(lower)).isTrue();
    }

    @Test
    void onlyFilesWithSeveralNamesAndTheirDirectoriesAreLinked() {
        Node linked = file(1, Map.of());
        Directory one = directory(1, Map.of());
        Directory other = directory(2, Map.of());
        one.children().put("first", linked);
        one.children().put("alone", file(1, Map.of()));
        other.children().put("alone", file(1, Map.of()));
        lower.children().put("one", one);
        lower.children().put("other", other);
        lower.children().put("second", linked);

        Directory found = LayerTrees.linked(lower);

        assertThat(found.children()).containsOnlyKeys("one", "second");
        assertThat(((Directory) found.children().get("one")).children()).containsOnlyKeys("first");
        assertThat(found.children().get("second")).isSameAs(linked);
        assertThat(lower.children()).hasSize(3);
    }

    @Test
    void aNamespaceKnowsSomeOwnersAndNoDevices() {
        NamespaceTree namespace = new NamespaceTree("         0       1000          1\n         1     100000      65536\n", "0 1000 1\n");
        Node linked = new RegularFile(new Attributes(0644, 33, 33, 1, Map.of("trusted.x", YES, "security.capability", YES, "security.selinux", YES)), Content.of(YES));
        lower.children().put("a", linked);
        lower.children().put("b", linked);
        lower.children().put("device", new Device(Attributes.of(0666, 1), false, 1, 3));
        lower.children().put("root", file(1, Map.of()));
        Node own = lower.children().get("root");

        Directory seen = namespace.of(lower, _ -> { });

        assertThat(namespace.isFirst()).isFalse();
        assertThat(new NamespaceTree("0 0 4294967295", "0 0 4294967295").isFirst()).isTrue();
        assertThat(seen.children().get("a")).isSameAs(seen.children().get("b"));
        assertThat(seen.children().get("a").attributes()).satisfies(attributes -> {
            assertThat(attributes.uid()).isZero();
            assertThat(attributes.gid()).isZero();
            assertThat(attributes.xattrs()).containsOnlyKeys("security.capability");
        });
        assertThat(seen.children().get("device")).isInstanceOfSatisfying(RegularFile.class, file -> assertThat(file.attributes().mode()).isZero());
        assertThat(seen.children().get("root")).isSameAs(own);
    }

    private Directory merged(boolean trusted, boolean served) {
        return new OverlayMerge(trusted, served, 100).merge(lower, upper);
    }

    private static Directory directory(long time, Map<String, byte[]> xattrs) {
        return new Directory(new Attributes(0755, 0, 0, time, xattrs));
    }

    private static RegularFile file(long time, Map<String, byte[]> xattrs) {
        return new RegularFile(new Attributes(0644, 0, 0, time, xattrs), Content.of(new byte[] {1}));
    }
}
