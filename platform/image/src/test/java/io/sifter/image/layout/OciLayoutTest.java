package io.sifter.image.layout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.image.document.Descriptor;
import io.sifter.image.document.MediaTypes;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.source.Document;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OciLayoutTest {
    private static final Platform AMD64 = Platform.linux("amd64");
    private static final Platform ARM64 = Platform.linux("arm64");

    @TempDir
    private Path directory;

    private OciStore store;

    @BeforeEach
    void makeStore() throws Exception {
        store = OciStoreTest.open(directory.resolve("oci"), directory.resolve("work"));
    }

    @Test
    void refusesADirectoryThatIsNoLayout() {
        assertThatThrownBy(() -> OciLayout.open(directory)).isInstanceOf(UserException.class)
                .hasMessageContaining("is not an OCI image layout: it has no oci-layout");
        assertThatThrownBy(() -> OciLayout.open(directory.resolve("nothing"))).isInstanceOf(UserException.class);
    }

    @Test
    void refusesALayoutOfAnotherVersion() throws Exception {
        Files.writeString(directory.resolve("oci").resolve("oci-layout"), "{\"imageLayoutVersion\":\"2.0.0\"}");
        assertThatThrownBy(() -> OciLayout.open(directory.resolve("oci"))).isInstanceOf(CorruptDataException.class)
                .hasMessageContaining("2.0.0");
    }

    @Test
    void anEmptyLayoutHasNoImages() {
        assertThatThrownBy(() -> choose(null, null)).isInstanceOf(UserException.class)
                .hasMessage("no images found in layout " + directory.resolve("oci"));
    }

    @Test
    void theOnlyImageNeedsNoName() throws Exception {
        Descriptor only = add("a", "content", AMD64);
        assertThat(choose(null, null)).isEqualTo(only);
    }

    @Test
    void theOnlyImageUnderTwoNamesIsStillTheOnlyOne() throws Exception {
        add("a", "content", AMD64);
        add("b", "content", AMD64);
        assertThat(choose(null, null).digest()).isEqualTo(Digest.sha256("content".getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void severalImagesNeedAChoice() throws Exception {
        Descriptor a = add("a", "one", AMD64);
        Descriptor b = add("b", "two", ARM64);
        assertThatThrownBy(() -> choose(null, null)).isInstanceOfSatisfying(SifterException.class, e -> {
            assertThat(e).isInstanceOf(UserException.class).hasMessage("more than one image in oci, choose an image");
            assertThat(e.nextStep()).contains("Append one of these to the path: :a, :b");
        });
        assertThat(choose("a", null)).isEqualTo(a);
        assertThat(choose(null, b.digest())).isEqualTo(b);
    }

    @Test
    void saysWhichReferenceIsMissing() throws Exception {
        add("a", "one", AMD64);
        assertThatThrownBy(() -> choose("nosuch", null)).isInstanceOf(UserException.class)
                .hasMessage("no descriptor found for reference \"nosuch\"");
    }

    @Test
    void thePlatformDecidesBetweenEntriesOfOneName() throws Exception {
        String index = "{\"schemaVersion\":2,\"manifests\":[%s,%s]}".formatted(entry("1", "amd64"), entry("2", "arm64"));
        Files.writeString(directory.resolve("oci").resolve("index.json"), index);
        assertThat(store.layout().choose(Optional.of("t"), Optional.empty(), ARM64).digest().hex()).isEqualTo("2".repeat(64));
        assertThatThrownBy(() -> store.layout().choose(Optional.of("t"), Optional.empty(), Platform.linux("s390x")))
                .hasMessage("more than one image in oci, choose an image");
    }

    @Test
    void readsVerifiedDocumentsAndBlobsFromAnyOffset() throws Exception {
        Descriptor image = add("a", "content", AMD64);
        assertThat(store.layout().document(image).content()).asString(StandardCharsets.UTF_8).isEqualTo("content");
        try (InputStream in = store.layout().blob(image.digest()).open(3)) {
            assertThat(in.readAllBytes()).asString(StandardCharsets.UTF_8).isEqualTo("tent");
        }
    }

    @Test
    void noticesADamagedOrMissingBlob() throws Exception {
        Descriptor image = add("a", "content", AMD64);
        Path blob = store.path(image.digest());
        Files.writeString(blob, "CONTENT");
        assertThatThrownBy(() -> store.layout().document(image)).isInstanceOf(CorruptDataException.class).hasMessageContaining("has the digest");
        Files.writeString(blob, "short");
        assertThatThrownBy(() -> store.layout().document(image)).isInstanceOf(CorruptDataException.class).hasMessageContaining("expected 7");
        Files.delete(blob);
        assertThatThrownBy(() -> store.layout().document(image)).isInstanceOf(CorruptDataException.class).hasMessageContaining("lacks the blob");
        assertThatThrownBy(() -> store.layout().blob(image.digest()).open(0)).isInstanceOf(CorruptDataException.class).hasMessageContaining("lacks the blob");
    }

    private Descriptor choose(String name, Digest digest) throws Exception {
        return OciLayout.open(directory.resolve("oci")).choose(Optional.ofNullable(name), Optional.ofNullable(digest), AMD64);
    }

    private Descriptor add(String name, String content, Platform platform) throws Exception {
        Document document = Document.of(MediaTypes.OCI_MANIFEST, content.getBytes(StandardCharsets.UTF_8));
        Descriptor descriptor = Descriptor.of(document).named(name, Optional.of(platform));
        store.put(document);
        store.add(descriptor);
        return descriptor;
    }

    private static String entry(String digit, String architecture) {
        return ("{\"mediaType\":\"%s\",\"digest\":\"sha256:%s\",\"size\":1,\"platform\":{\"os\":\"linux\",\"architecture\":\"%s\"},"
                + "\"annotations\":{\"org.opencontainers.image.ref.name\":\"t\"}}")
                .formatted(MediaTypes.OCI_MANIFEST, digit.repeat(64), architecture);
    }
}
