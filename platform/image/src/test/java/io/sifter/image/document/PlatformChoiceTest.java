package io.sifter.image.document;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.source.Document;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlatformChoiceTest {
    private final Map<Digest, Document> documents = new HashMap<>();
    private final List<Digest> fetched = new ArrayList<>();

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "-", value = {
        "linux/amd64     | linux/arm64/v8 linux/amd64           | linux/amd64",
        "linux/x86_64    | linux/amd64 linux/amd64/v3           | linux/amd64",
        "linux/amd64     | linux/amd64/v3 linux/amd64           | linux/amd64/v3",
        "linux/amd64/v3  | linux/amd64 linux/amd64/v3           | linux/amd64/v3",
        "linux/amd64/v3  | linux/amd64 linux/amd64/v2           | linux/amd64",
        "linux/arm64     | linux/arm/v7 linux/arm64/v8          | linux/arm64/v8",
        "linux/arm64/v8  | linux/arm/v7 linux/arm64             | linux/arm64",
        "linux/arm/v7    | linux/arm/v5 linux/arm/v6 linux/arm/v8 | linux/arm/v6",
        "linux/arm/v8    | linux/arm/v5 linux/arm/v7            | linux/arm/v7",
        "linux/arm       | linux/arm/v6 linux/arm/v7            | linux/arm/v7",
        "linux/arm/v6    | linux/arm/v7                         | -",
        "linux/s390x     | linux/amd64 windows/s390x            | -",
        "linux/amd64     | unknown/unknown linux/amd64          | linux/amd64",
    })
    void picksWhatTheMachineRuns(String wanted, String offered, String expected) throws Exception {
        Map<String, Document> images = new HashMap<>();
        List<String> entries = new ArrayList<>();
        for (String platform : offered.strip().split(" +")) {
            images.put(platform, manifest(platform));
            entries.add(entry(images.get(platform), platform));
        }
        Document index = index(entries);
        Platform wish = Platform.parse(wanted.strip());
        if (expected == null) {
            assertThatThrownBy(() -> choose(index, wish)).isInstanceOf(UserException.class)
                    .hasMessage("no image satisfies requested platform: " + wish);
        } else {
            assertThat(choose(index, wish)).isEqualTo(images.get(expected));
        }
    }

    @Test
    void saysWhichPlatformsExist() {
        Document index = index(List.of(entry(manifest("1"), "linux/amd64"), entry(manifest("2"), "linux/arm/v7"),
                entry(manifest("3"), "unknown/unknown")));
        assertThatThrownBy(() -> choose(index, Platform.linux("ppc64le"))).isInstanceOfSatisfying(UserException.class, e ->
                assertThat(e.nextStep()).contains("There are images for linux/amd64, linux/arm/v7: choose one with --platform"));
    }

    @Test
    void takesASingleManifestAsItIs() throws Exception {
        Document manifest = manifest("any");
        assertThat(choose(manifest, Platform.linux("riscv64"))).isSameAs(manifest);
        assertThat(fetched).isEmpty();
    }

    @Test
    void passesOverAttestationsThatCarryOnlyTheAnnotation() throws Exception {
        Document image = manifest("image");
        Document index = index(List.of(
                "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":1,\"annotations\":{\"vnd.docker.reference.type\":\"attestation-manifest\"}}"
                        .formatted(MediaTypes.OCI_MANIFEST, manifest("sbom").digest()),
                "{\"mediaType\":\"application/vnd.example\",\"digest\":\"%s\",\"size\":1}".formatted(manifest("other").digest()),
                entry(image, "linux/amd64")));
        assertThat(choose(index, Platform.linux("amd64"))).isEqualTo(image);
    }

    @Test
    void takesAnEntryWithoutPlatformForLinuxOnAmd64() throws Exception {
        Document image = manifest("image");
        Document index = index(List.of("{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d}"
                .formatted(MediaTypes.OCI_MANIFEST, image.digest(), image.content().length)));
        assertThat(choose(index, Platform.linux("amd64"))).isEqualTo(image);
        assertThatThrownBy(() -> choose(index, Platform.linux("arm64"))).isInstanceOf(UserException.class);
    }

    @Test
    void looksIntoNestedIndexesButNotIntoThoseForOtherMachines() throws Exception {
        Document image = manifest("image");
        Document inner = index(List.of(entry(image, "linux/amd64")));
        Document foreign = index(List.of(entry(manifest("arm"), "linux/arm64")));
        Document index = index(List.of(indexEntry(foreign, "{\"os\":\"linux\",\"architecture\":\"arm64\"}"), indexEntry(inner, "null")));
        assertThat(choose(index, Platform.linux("amd64"))).isEqualTo(image);
        assertThat(fetched).doesNotContain(foreign.digest());
    }

    @Test
    void givesUpOnIndexesThatNestForEver() {
        Document index = index(List.of());
        for (int i = 0; i < 20; i++) {
            index = index(List.of(indexEntry(index, "null")));
        }
        Document top = index;
        assertThatThrownBy(() -> choose(top, Platform.linux("amd64"))).isInstanceOf(CorruptDataException.class).hasMessageContaining("nested");
    }

    private Document choose(Document top, Platform wanted) throws Exception {
        return Documents.select(top, wanted, descriptor -> {
            fetched.add(descriptor.digest());
            return documents.get(descriptor.digest());
        });
    }

    private Document manifest(String salt) {
        return keep(DocumentsTest.document(MediaTypes.OCI_MANIFEST,
                "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"%s\",\"digest\":\"sha256:%s\",\"size\":1},\"layers\":[],\"annotations\":{\"salt\":\"%s\"}}"
                        .formatted(MediaTypes.OCI_CONFIG, "a".repeat(64), salt)));
    }

    private Document index(List<String> entries) {
        return keep(DocumentsTest.document(MediaTypes.OCI_INDEX,
                "{\"schemaVersion\":2,\"manifests\":[%s]}".formatted(String.join(",", entries))));
    }

    private Document keep(Document document) {
        documents.put(document.digest(), document);
        return document;
    }

    private static String entry(Document manifest, String platform) {
        String[] parts = platform.split("/");
        return "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d,\"platform\":{\"os\":\"%s\",\"architecture\":\"%s\"%s}}".formatted(
                MediaTypes.OCI_MANIFEST, manifest.digest(), manifest.content().length, parts[0], parts[1],
                parts.length == 3 ? ",\"variant\":\"%s\"".formatted(parts[2]) : "");
    }

    private static String indexEntry(Document index, String platform) {
        return "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d,\"platform\":%s}".formatted(
                MediaTypes.OCI_INDEX, index.digest(), index.content().length, platform);
    }
}
