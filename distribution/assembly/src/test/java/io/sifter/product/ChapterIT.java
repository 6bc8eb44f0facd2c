package io.sifter.product;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.testkit.registry.FileServer;
import io.sifter.testkit.registry.LibraryServer;
import io.sifter.testkit.registry.ScriptedDaemon;
import io.sifter.testkit.registry.ScriptedRegistry;
import io.sifter.testkit.registry.TestArchive;
import io.sifter.testkit.registry.TestImage;
import io.sifter.testkit.registry.UploadRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * The user guide's chapter on Docker and OCI, command by command. {@code chapter.tsv} lists all its commands and says of each
 * what becomes of it: a transcript that must pass, a section of DIFFERENCES.md, a test elsewhere, or nothing where it is no
 * command of ours.
 */
class ChapterIT {
    private static final Path TRANSCRIPTS = Path.of("src/test/resources/transcripts");
    private static final Path TABLE = TRANSCRIPTS.resolve("chapter.tsv");
    private static final Path DIFFERENCES = Path.of("DIFFERENCES.md");
    private static final String TOKEN = "t".repeat(200);

    /** One command of the chapter, and where it is looked after. */
    private record Row(String command, String treatment, String place) {}

    private ScriptedRegistry registry;
    private ScriptedRegistry closed;
    private LibraryServer library;
    private UploadRegistry uploads;
    private FileServer files;
    private ScriptedDaemon daemon;

    @BeforeEach
    void startRegistries() throws IOException {
        registry = ScriptedRegistry.start();
        registry.publish("godlovedc/lolcow", "latest", Images.lolcow());
        registry.publish("godlovedc/other", "latest", Images.small());
        closed = ScriptedRegistry.start();
        closed.requireToken("ilumb", "s3cret#$.").publish("ilumb/mylolcow", "latest", Images.lolcow());
        closed.publish("nvidia/pytorch", "18.11-py3", Images.lolcow());
        library = LibraryServer.start().token(TOKEN);
        uploads = UploadRegistry.start();
        files = FileServer.start().put("/singularity-ci-public/alpine-oci-archive.tar", new byte[10240]);
        daemon = ScriptedDaemon.start().image(Images.lolcow(), "godlovedc/lolcow:latest");
    }

    @AfterEach
    void stopRegistries() {
        registry.close();
        closed.close();
        library.close();
        uploads.close();
        files.close();
        daemon.close();
    }

    @TestFactory
    Stream<DynamicTest> playsAsOrdinaryUser() throws IOException {
        return transcripts().stream().map(transcript -> DynamicTest.dynamicTest(transcript.name(), () -> play(transcript, Product.ordinary())));
    }

    @TestFactory
    Stream<DynamicTest> playsAsRoot() throws IOException {
        Assumptions.assumeTrue(Product.isRoot(), "not run by root");
        // Root starts containers and owns files in its own way; registries treat all alike.
        return transcripts().stream().filter(transcript -> Set.of("build", "run", "shell").contains(transcript.name())).map(transcript -> DynamicTest.dynamicTest(transcript.name(), () -> play(transcript, Product.start())));
    }

    private void play(Transcript transcript, Product product) throws IOException, InterruptedException {
        try (product) {
            // What an earlier transcript fetched is not what this one may count on.
            registry.forget();
            Map<String, String> variables = new TreeMap<>();
            variables.put("REGISTRY", registry.host());
            variables.put("PRIVATE", closed.host());
            variables.put("LIBRARY", library.host());
            variables.put("UPLOADS", uploads.host());
            variables.put("TOKEN", TOKEN);
            variables.put("FILES", files.host());
            variables.put("ARCHIVES", files(product).toString());
            variables.put("DAEMON", daemon.socket().toString());
            variables.put("HOME", product.home().toString());
            variables.put("WORK", product.work().toString());
            transcript.play(product, variables);
            product.nothingLeft();
        }
    }

    /** Archives that other programs made: the image of the user guide as docker save writes it, and one that starts a shell. */
    private static Path files(Product product) throws IOException, InterruptedException {
        Path files = Files.createDirectory(product.root().resolve("files"));
        Files.write(files.resolve("lolcow.tar"), TestArchive.saved(TestArchive.Form.DIRECTORIES).image(Images.lolcow(), "godlovedc/lolcow:latest").tar().tar());
        TestImage shell = Images.shell();
        Files.write(files.resolve("alpine-oci-archive.tar"), TestArchive.layout("", Map.of("alpine", shell.manifest()), List.of(shell)).tar().tar());
        return product.give(files);
    }

    @Test
    void accountsForEveryCommand() throws IOException {
        List<Transcript> transcripts = transcripts();
        Set<String> used = new TreeSet<>();
        List<String> sections = Files.readAllLines(DIFFERENCES).stream().filter(line -> line.startsWith("## ")).map(line -> line.substring(3)).toList();
        for (Row row : rows()) {
            switch (row.treatment) {
                case "transcript" -> {
                    Transcript transcript = transcripts.stream().filter(candidate -> candidate.name().equals(row.place)).findFirst()
                            .orElseThrow(() -> new AssertionError("No transcript " + row.place + " for: " + row.command));
                    assertThat(transcript.commands()).as("transcript %s", row.place).contains(played(row.command));
                    used.add(row.place);
                }
                case "difference" -> assertThat(sections).as(row.command).contains(row.place);
                case "unit" -> assertThat(Path.of("../..").resolve(row.place)).as(row.command).isRegularFile();
                case "foreign" -> assertThat(row.command).as("a command of another program").doesNotContain("singularity ");
                default -> throw new AssertionError("Unknown treatment: " + row);
            }
        }
        assertThat(transcripts.stream().map(Transcript::name)).as("transcripts that the table does not name")
                .allMatch(name -> used.contains(name) || name.startsWith("more-"));
    }

    /** The command as a transcript has it: images come from the test's registry, and nobody needs to be root. */
    private static String played(String command) {
        return command.replace("docker://ilumb", "docker://$PRIVATE/ilumb").replace("docker://nvcr.io", "docker://$PRIVATE")
                .replace("docker://godlovedc", "docker://$REGISTRY/godlovedc").replace("https://s3.amazonaws.com", "http://$FILES").replaceFirst("^sudo (-E )?", "");
    }

    @Test
    void namesEveryCommandOfTheChapter() throws IOException {
        String chapter = System.getenv("SIFTER_CHAPTER");
        Assumptions.assumeTrue(chapter != null, "SIFTER_CHAPTER names no copy of the chapter");
        List<String> commands = Files.readAllLines(Path.of(chapter)).stream().filter(line -> line.startsWith("$ ") || line.startsWith("./"))
                .map(line -> line.startsWith("$ ") ? line.substring(2) : line).map(ChapterIT::plain).toList();
        assertThat(rows().stream().map(row -> plain(row.command))).containsAll(commands);
    }

    /** What a printed line shows beside the command: an answer that follows it on the same line, digests of that day. */
    private static String plain(String command) {
        String line = command.strip().replaceAll(" +", " ").replaceAll("[0-9a-f]{64}|\\$(one|manifest|config|name)\\b", "HEX");
        int answer = line.indexOf(" ./blobs/sha256/HEX:");
        return answer < 0 ? line : line.substring(0, answer);
    }

    private static List<Row> rows() throws IOException {
        List<Row> rows = new ArrayList<>();
        for (String line : Files.readAllLines(TABLE)) {
            if (!line.isBlank() && !line.startsWith("#")) {
                String[] cells = line.split("\t+");
                assertThat(cells).as(line).hasSizeGreaterThanOrEqualTo(2);
                rows.add(new Row(cells[0], cells[1], cells.length > 2 ? String.join(" ", Arrays.copyOfRange(cells, 2, cells.length)) : ""));
            }
        }
        return rows;
    }

    private static List<Transcript> transcripts() throws IOException {
        List<Transcript> transcripts = new ArrayList<>();
        for (String name : Product.names(TRANSCRIPTS)) {
            if (name.endsWith(".txt")) {
                transcripts.add(Transcript.read(TRANSCRIPTS.resolve(name)));
            }
        }
        return transcripts;
    }
}
