package io.sifter.sif;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.testkit.Peers;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The reference implementation reads what we write, and we show what it writes as it does itself. */
class SifPeersTest {
    // In /tmp, which the peer sees under the same name.
    @TempDir
    Path directory;
    private Path file;
    private String apptainer;

    @BeforeEach
    void findThePeer() {
        apptainer = Peers.apptainer();
        file = directory.resolve("image.sif");
    }

    @Test
    void apptainerReadsWhatWeWrite() throws Exception {
        byte[] definition = "bootstrap: docker\nfrom: alpine:3.19\n\n".getBytes(StandardCharsets.UTF_8);
        byte[] json = "{\"Env\":[\"A=ä\"]}".getBytes(StandardCharsets.UTF_8);
        byte[] partition = new byte[12288];
        new Random(1).nextBytes(partition);
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            SifWriter writer = new SifWriter(out, UUID.fromString("93122a7f-73a7-459a-9d1d-f7ce6ce32b5a"), 1_700_000_000L);
            writer.addDefinition(definition);
            writer.addJson("oci-config.json", json);
            writer.addPrimaryPartition(Architecture.ARM64, (channel, offset) -> channel.write(ByteBuffer.wrap(partition), offset));
            writer.finish();
        }

        showsAlike();
        assertThat(dump(1)).isEqualTo(definition);
        assertThat(dump(2)).isEqualTo(json);
        assertThat(dump(3)).isEqualTo(partition);
        assertThat(Peers.run(apptainer, "sif", "info", "2", file.toString()).ok()).contains("oci-config.json");
    }

    @Test
    void weShowWhatApptainerMakes() throws Exception {
        sif("new");
        showsAlike();
        Files.write(directory.resolve("object"), new byte[2560]);
        add("--datatype", "1", "--groupid", "1");
        List<String> kinds = List.of("2", "1", "3", "4", "1", "3");
        for (int fileSystem = 1; fileSystem <= 6; fileSystem++) {
            add("--datatype", "4", "--partfs", "" + fileSystem, "--parttype", kinds.get(fileSystem - 1), "--partarch", "2",
                    "--groupid", "1");
        }
        for (int architecture = 1; architecture <= 12; architecture++) {
            add("--datatype", "4", "--partfs", "1", "--parttype", "3", "--partarch", "" + architecture, "--groupid", "2");
        }
        for (int hash = 1; hash <= 5; hash++) {
            add("--datatype", "5", "--signhash", "" + hash, "--signentity", "70D407BD0661CF60A44265DFC1C04457E9EA1FDE",
                    "--link", hash == 1 ? "4026531841" : "" + hash);
        }
        for (String format : List.of("cyclonedx-json", "cyclonedx-xml", "github-json", "spdx-json", "spdx-rdf", "spdx-tag-value",
                "spdx-yaml", "syft-json")) {
            add("--datatype", "9", "--sbomformat", format, "--groupid", "12345678");
        }
        for (String plain : List.of("2", "3", "6", "7", "10", "11")) {
            add("--datatype", plain, "--filename", "object-" + plain, "--alignment", "1024");
        }

        showsAlike();
        sif("del", "3");
        showsAlike();
        try (SifImage image = SifImage.open(file)) {
            // The first free slot above it: numbers are places in the table, not counts.
            assertThat(image.descriptors()).extracting(SifDescriptor::id).startsWith(1, 2, 4).doesNotContain(3);
            for (SifDescriptor descriptor : image.descriptors()) {
                assertThat(dump(descriptor.id())).isEqualTo(image.read(descriptor, 2560));
            }
        }
    }

    @Test
    void weReadAnImageThatApptainerBuilt() throws Exception {
        Path sandbox = Files.createDirectories(directory.resolve("sandbox/bin")).getParent();
        Files.copy(Path.of(Peers.program("true")), sandbox.resolve("bin/sh"));
        Peers.run(apptainer, "build", "--fix-perms", file.toString(), sandbox.toString()).ok();

        showsAlike();
        try (SifImage image = SifImage.open(file)) {
            assertThat(image.header().launchScript()).isEqualTo(SifHeader.LAUNCH_SCRIPT);
            SifDescriptor partition = image.primaryPartition().orElseThrow();
            assertThat(partition.fileSystem()).isEqualTo(SifDescriptor.FileSystem.SQUASHFS);
            assertThat(partition.architecture()).isEqualTo(image.header().architecture());
            byte[] magic = new byte[4];
            image.channel().read(ByteBuffer.wrap(magic), partition.offset());
            assertThat(magic).asString(StandardCharsets.US_ASCII).isEqualTo("hsqs");
        }
    }

    private void showsAlike() throws IOException, InterruptedException {
        try (SifImage image = SifImage.open(file)) {
            assertThat(SifText.header(image.header())).isEqualTo(Peers.run(apptainer, "sif", "header", file.toString()).ok());
            assertThat(SifText.list(image)).isEqualTo(Peers.run(apptainer, "sif", "list", file.toString()).ok());
        }
    }

    private byte[] dump(int id) throws IOException, InterruptedException {
        Path dump = directory.resolve("dump");
        Process process = new ProcessBuilder(apptainer, "sif", "dump", "" + id, file.toString()).redirectOutput(dump.toFile()).start();
        assertThat(process.waitFor()).isZero();
        return Files.readAllBytes(dump);
    }

    private void sif(String command, String... arguments) throws IOException, InterruptedException {
        List<String> line = new ArrayList<>(List.of(apptainer, "sif", command));
        line.addAll(List.of(arguments));
        line.add(file.toString());
        Peers.run(line, directory, Map.of()).ok();
    }

    private void add(String... options) throws IOException, InterruptedException {
        List<String> line = new ArrayList<>(List.of(apptainer, "sif", "add"));
        line.addAll(List.of(options));
        line.addAll(List.of(file.toString(), directory.resolve("object").toString()));
        Peers.run(line, directory, Map.of()).ok();
    }
}
