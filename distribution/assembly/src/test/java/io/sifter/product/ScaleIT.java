package io.sifter.product;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.testkit.demo.LargeImage;
import io.sifter.testkit.demo.LargeImage.Shape;
import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Large images need no more memory than the budget says; here with a heap so small that a second copy of anything would not fit. */
class ScaleIT {
    private Product product;

    @BeforeEach
    void start() throws IOException, InterruptedException {
        product = Product.start();
    }

    @AfterEach
    void stop() throws IOException {
        product.close();
    }

    private Product.Result build(Shape shape, String heap) throws IOException, InterruptedException {
        LargeImage.write(shape, product.work().resolve("layout"));
        product.with("_JAVA_OPTIONS", "-Xms64m -Xmn48m -Xmx%s -XX:MaxDirectMemorySize=128m".formatted(heap));
        return product.run("build", "--arch", "amd64", "large.sif", "oci:layout:large").ok();
    }

    @Test
    void manyFilesInManyLayersFitTheBudget() throws Exception {
        build(Shape.of(60_000, 60), "72m");

        assertThat(product.work().resolve("large.sif")).isNotEmptyFile();
    }

    @Test
    void wideDeepAndOddTreesFitTheBudget() throws Exception {
        build(new Shape(30_000, 3, 50_000, 1500, 30_000, 2000, 0, 0), "96m");

        product.without("_JAVA_OPTIONS").run("inspect", "large.sif").ok();
    }

    @Test
    void aFileOfGigabytesIsNeverInMemory() throws Exception {
        build(new Shape(0, 1, 0, 0, 1, 0, 8L << 20, 1L << 30), "64m");

        assertThat(Files.size(product.work().resolve("large.sif"))).isBetween(8L << 20, 16L << 20);
    }
}
