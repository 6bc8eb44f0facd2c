package io.sifter.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.cli.options.CommandTable;
import io.sifter.cli.options.Invocation;
import io.sifter.engine.BuildOptions;
import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.tree.Compression;
import io.sifter.spi.tree.Compression.Codec;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImageOptionsTest {
    private static Invocation parse(String line) throws Exception {
        return Invocation.parse(CommandTable.full(), List.of(line.split(" ")));
    }

    private static BuildOptions build(String line) throws Exception {
        return ImageOptions.build(parse(line).values(), false);
    }

    @ParameterizedTest
    @CsvSource({
        "pull --arch arm64 docker://x,linux/arm64",
        "pull --arch aarch64 docker://x,linux/arm64",
        "pull --arch arm --arch-variant 6 docker://x,linux/arm/v6",
        "pull --platform linux/arm/v7 docker://x,linux/arm/v7",
        "build --arch riscv64 a docker://x,linux/riscv64",
    })
    void platformsAreChosen(String line, String platform) throws Exception {
        assertThat(build(line).open().platform()).hasToString(platform);
    }

    @Test
    void thePlatformOfTheHostIsTheDefault() throws Exception {
        assertThat(build("pull docker://x").open().platform()).isEqualTo(Platform.host());
    }

    @Test
    void compressionIsAProfileWithItsOwnBlockSizeOrAnother() throws Exception {
        assertThat(build("pull docker://x").compression()).isEmpty();
        assertThat(build("pull --compression fast docker://x").compression().orElseThrow().codec()).isEqualTo(Codec.ZSTD);
        Compression chosen = build("pull --compression small --block-size 1M docker://x").compression().orElseThrow();
        assertThat(chosen.codec()).isEqualTo(Codec.ZSTD);
        assertThat(chosen.blockSize()).isEqualTo(1 << 20);
        assertThat(build("pull --block-size 131072 docker://x").compression().orElseThrow().blockSize()).isEqualTo(128 << 10);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "pull --arch bogus docker://x|arch: bogus is not valid",
        "pull --arch arm --platform linux/arm docker://x|--arch and --platform cannot be used together",
        "pull --platform linux docker://x|Not a platform",
        "pull --platform windows/amd64 docker://x|\"windows\" is not a valid platform OS for singularity",
        "pull --compression best docker://x|No compression profile 'best'",
        "pull --block-size 100K docker://x|Not a block size",
        "pull --block-size 99999999999999999999M docker://x|Not a size",
        "pull --block-size -5K docker://x|Not a block size",
    })
    void unusableValuesAreNamed(String line, String message) {
        assertThatThrownBy(() -> build(line)).isInstanceOf(UserException.class).hasMessageContaining(message);
    }

    @Test
    void flagsReachTheEngine() throws Exception {
        BuildOptions options = build("build --no-https --all-root a docker://x");

        assertThat(options.open().plainHttp()).isTrue();
        assertThat(options.allRoot()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "pull docker://godlovedc/lolcow,lolcow_latest.sif",
        "pull docker://nvcr.io/nvidia/pytorch:18.11-py3,pytorch_18.11-py3.sif",
        "pull my.sif docker://godlovedc/lolcow,my.sif",
        "pull --name other.sif my.sif docker://godlovedc/lolcow,other.sif",
        "pull --dir /tmp docker://godlovedc/lolcow,/tmp/lolcow_latest.sif",
        "pull --dir /tmp my.sif docker://godlovedc/lolcow,/tmp/my.sif",
        "pull oci:/p/tiny1:t1,tiny1_t1.sif",
        "pull docker-archive:/p/x.tar:user/tiny:latest,tiny_latest.sif",
    })
    void filesAreNamedAfterTheImage(String line, String target) throws Exception {
        Invocation invocation = parse(line);

        assertThat(Pull.request(invocation.values(), invocation.arguments()).target()).isEqualTo(target);
    }

    @Test
    void whatComesThroughAPipeIsNamedByTheUser() throws Exception {
        Invocation nameless = parse("pull docker-archive:-");
        Invocation named = parse("pull tool.sif docker-archive:-");

        assertThatThrownBy(() -> Pull.request(nameless.values(), nameless.arguments())).isInstanceOfSatisfying(UserException.class, e -> {
            assertThat(e).hasMessage("docker-archive:- gives the file no name");
            assertThat(e.nextStep()).contains("Name it: pull NAME.sif docker-archive:-");
        });
        assertThat(Pull.request(named.values(), named.arguments()).target()).isEqualTo("tool.sif");
    }
}
