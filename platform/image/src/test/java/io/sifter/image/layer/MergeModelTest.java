package io.sifter.image.layer;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.tree.FileTree;
import io.sifter.testkit.TarLayer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.statistics.Statistics;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/**
 * Random layers mean the same to {@link LayerMerge} and to a model that is too simple to be wrong in the same way: a map
 * from whole paths to inodes, searched and rewritten from end to end at every step.
 */
class MergeModelTest {
    private static Path directory;
    private static Packs packs;

    @BeforeContainer
    static void makePacks() throws IOException {
        directory = Files.createTempDirectory("model");
        packs = new Packs(directory);
    }

    @AfterContainer
    static void deletePacks() throws IOException {
        packs.close();
        Files.delete(directory);
    }

    private enum Kind { FILE, DIRECTORY, SYMLINK, HARD_LINK, WHITEOUT, OPAQUE }

    private record Step(Kind kind, String path, String target, int number) {
        void addTo(TarLayer layer) {
            switch (kind) {
                case FILE -> layer.file(path, "content " + number);
                case DIRECTORY -> layer.directory(path).mode(0700 + number % 8);
                case SYMLINK -> layer.symlink(path, target);
                case HARD_LINK -> layer.hardLink(path, target);
                case WHITEOUT -> layer.whiteout(path);
                case OPAQUE -> layer.opaque(path);
            }
        }

        @Override
        public String toString() {
            return switch (kind) {
                case FILE -> path + "=content " + number;
                case DIRECTORY -> path + "/ " + number % 8;
                case SYMLINK -> path + "→" + target;
                case HARD_LINK -> path + "⇒" + target;
                case WHITEOUT -> "hide " + path;
                case OPAQUE -> path + "/!!";
            };
        }
    }

    @Property(tries = 700)
    void mergesAsTheModelDoes(@ForAll("layers") List<List<Step>> layers) throws Exception {
        String expected;
        try {
            Model model = new Model();
            layers.forEach(model::apply);
            expected = model.show();
        } catch (Refused e) {
            expected = "refused";
        }
        List<TarLayer> tars = layers.stream().map(steps -> {
            TarLayer layer = TarLayer.with();
            steps.forEach(step -> step.addTo(layer));
            return layer;
        }).toList();
        String actual;
        try (FileTree tree = packs.merge(tars)) {
            actual = Packs.show(tree);
        } catch (CorruptDataException e) {
            actual = "refused";
        }
        assertThat(actual).isEqualTo(expected);
        Statistics.label("outcome").collect(expected.equals("refused") ? "refused" : "merged").coverage(outcome ->
                outcome.check("merged").percentage(share -> share > 30));
    }

    @Provide
    Arbitrary<List<List<Step>>> layers() {
        Arbitrary<String> name = Arbitraries.of("a", "b", "c");
        Arbitrary<String> path = name.list().ofMinSize(1).ofMaxSize(3).map(names -> String.join("/", names));
        Arbitrary<String> target = Combinators.combine(Arbitraries.of("", "", "/", "../", "./", "a/../"), path).as(String::concat);
        Arbitrary<Step> step = Combinators.combine(
                Arbitraries.frequency(Tuple.of(5, Kind.FILE), Tuple.of(5, Kind.DIRECTORY), Tuple.of(2, Kind.SYMLINK),
                        Tuple.of(2, Kind.HARD_LINK), Tuple.of(3, Kind.WHITEOUT), Tuple.of(1, Kind.OPAQUE)),
                path, path, target, Arbitraries.integers().between(0, 99))
                .as((kind, p, plain, odd, number) -> new Step(kind, p, kind == Kind.SYMLINK ? odd : plain, number));
        // A skeleton of directories makes most layers meaningful rather than refused.
        return step.list().ofMaxSize(8).list().ofMinSize(1).ofMaxSize(4);
    }

    private static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    /** Inodes are told apart by identity. */
    private static final class Inode {
        private final Kind kind;
        private String text;

        Inode(Kind kind, String text) {
            this.kind = kind;
            this.text = text;
        }
    }

    private static final class Model {
        private final Map<String, Inode> tree = new TreeMap<>();
        private final Map<String, Integer> boundBy = new TreeMap<>();
        private int layer;

        void apply(List<Step> steps) {
            layer++;
            List<String> gone = new ArrayList<>();
            for (Step step : steps) {
                if (step.kind == Kind.WHITEOUT) {
                    resolve(parent(step.path), false).ifPresent(dir -> gone.add(dir + "/" + last(step.path)));
                } else if (step.kind == Kind.OPAQUE) {
                    resolve(step.path, false).ifPresent(dir -> tree.keySet().stream().filter(path -> path.startsWith(dir + "/")).forEach(gone::add));
                }
            }
            gone.forEach(this::remove);
            List<Step> waiting = new ArrayList<>();
            List<String> waitingAt = new ArrayList<>();
            for (Step step : steps) {
                if (step.kind == Kind.WHITEOUT) {
                    continue;
                }
                String at = step.kind == Kind.OPAQUE ? resolve(step.path, true).orElseThrow()
                        : resolve(parent(step.path), true).orElseThrow() + "/" + last(step.path);
                switch (step.kind) {
                    case OPAQUE -> {}
                    case FILE -> bind(at, new Inode(Kind.FILE, "=content " + step.number));
                    case SYMLINK -> bind(at, new Inode(Kind.SYMLINK, "→" + step.target));
                    case DIRECTORY -> {
                        if (!isDirectory(at)) {
                            bind(at, new Inode(Kind.DIRECTORY, ""));
                        }
                        tree.get(at).text = "/ 070" + step.number % 8;
                    }
                    default -> {
                        Optional<Inode> found = target(at, step);
                        remove(at);
                        if (found.isPresent()) {
                            bind(at, found.get());
                        } else {
                            waiting.add(step);
                            waitingAt.add(at);
                        }
                    }
                }
                // Whatever takes a waiting link's name, or the directory it is in, takes its place as well.
                for (int i = waiting.size() - 1; i >= 0; i--) {
                    String place = waitingAt.get(i);
                    if (waiting.get(i) != step && (tree.containsKey(place) || !isDirectory(parent(place)) || place.equals(at))) {
                        waiting.remove(i);
                        waitingAt.remove(i);
                    }
                }
            }
            boolean progress = true;
            while (progress) {
                progress = false;
                for (int i = 0; i < waiting.size(); i++) {
                    Optional<Inode> found = target(waitingAt.get(i), waiting.get(i));
                    if (found.isPresent()) {
                        bind(waitingAt.remove(i), found.get());
                        waiting.remove(i--);
                        progress = true;
                    }
                }
            }
            if (!waiting.isEmpty()) {
                throw new Refused();
            }
        }

        private Optional<Inode> target(String at, Step step) {
            Optional<String> dir = resolve(parent(step.target), false);
            if (dir.isEmpty()) {
                return Optional.empty();
            }
            String found = dir.get() + "/" + last(step.target);
            if (found.equals(at) || isDirectory(found)) {
                throw new Refused();
            }
            return Optional.ofNullable(tree.get(found));
        }

        /** Where a path leads, as {@code /a/b}; the root is the empty string. */
        private Optional<String> resolve(String path, boolean create) {
            Deque<String> ahead = new ArrayDeque<>(List.of(path.split("/")));
            String at = "";
            int hops = 0;
            while (!ahead.isEmpty()) {
                String name = ahead.pop();
                if (name.isEmpty() || name.equals(".")) {
                    continue;
                }
                if (name.equals("..")) {
                    at = parent(at);
                    continue;
                }
                String next = at + "/" + name;
                Inode inode = tree.get(next);
                if (inode != null && inode.kind == Kind.SYMLINK) {
                    if (++hops > 40) {
                        throw new Refused();
                    }
                    String target = inode.text.substring(1);
                    at = target.startsWith("/") ? "" : at;
                    List<String> names = new ArrayList<>(List.of(target.split("/")));
                    Collections.reverse(names);
                    names.forEach(ahead::push);
                } else if (inode != null && inode.kind == Kind.DIRECTORY) {
                    at = next;
                } else if (!create) {
                    return Optional.empty();
                } else if (inode != null && boundBy.get(next) == layer) {
                    throw new Refused();
                } else {
                    bind(next, new Inode(Kind.DIRECTORY, "/"));
                    at = next;
                }
            }
            return Optional.of(at);
        }

        private boolean isDirectory(String path) {
            return path.isEmpty() || tree.containsKey(path) && tree.get(path).kind == Kind.DIRECTORY;
        }

        private void bind(String path, Inode inode) {
            remove(path);
            tree.put(path, inode);
            boundBy.put(path, layer);
        }

        private void remove(String path) {
            tree.keySet().removeIf(other -> other.equals(path) || other.startsWith(path + "/"));
        }

        String show() {
            Map<Inode, Integer> names = new IdentityHashMap<>();
            tree.values().forEach(inode -> names.merge(inode, 1, Integer::sum));
            List<String> shown = new ArrayList<>();
            tree.forEach((path, inode) -> shown.add(path.substring(1) + inode.text + (names.get(inode) > 1 ? " x" + names.get(inode) : "")));
            return String.join(", ", shown);
        }

        private static String parent(String path) {
            return path.contains("/") ? path.substring(0, path.lastIndexOf('/')) : "";
        }

        private static String last(String path) {
            return path.substring(path.lastIndexOf('/') + 1);
        }
    }
}
