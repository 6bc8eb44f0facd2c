package io.sifter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.cli.terminal.LogLines;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.error.UserException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import org.junit.jupiter.api.Test;

class FailuresTest {
    private static final LogLines NORMAL = LogLines.of(false, false, false, false, false);

    @Test
    void knownFailuresShowTheirWordsAndTheNextStep() {
        assertThat(Failures.text(new UserException("no such image", "Name another."), NORMAL))
                .isEqualTo("FATAL:   no such image\n         Name another.\n");
        assertThat(Failures.text(new ExternalException("errors:\ndenied: no\nunauthorized: no"), NORMAL))
                .isEqualTo("FATAL:   errors:\ndenied: no\nunauthorized: no\n");
    }

    @Test
    void wrappedFailuresAreToldAsIfTheyWereNot() {
        assertThat(Failures.text(new IllegalStateException("wiring", new UserException("no such key", "Correct it.")), NORMAL))
                .isEqualTo("FATAL:   no such key\n         Correct it.\n");
    }

    @Test
    void failuresOfFilesAreToldInPlainWords() {
        assertThat(Failures.text(new NoSuchFileException("/a"), NORMAL)).isEqualTo("FATAL:   /a: no such file or directory\n");
        assertThat(Failures.text(new AccessDeniedException("/a"), NORMAL)).isEqualTo("FATAL:   /a: permission denied\n");
        assertThat(Failures.text(new FileSystemException("/a", null, "No space left on device"), NORMAL))
                .isEqualTo("FATAL:   /a: No space left on device\n");
        assertThat(Failures.text(new UncheckedIOException(new IOException("broken pipe")), NORMAL)).isEqualTo("FATAL:   broken pipe\n");
    }

    @Test
    void defectsAskForAReport() {
        assertThat(Failures.text(new IllegalStateException("x"), NORMAL)).startsWith("FATAL:   unexpected java.lang.IllegalStateException: x\n")
                .contains("Please report it").contains("--debug").doesNotContain("\tat ");
    }

    @Test
    void debugShowsTheStack() {
        assertThat(Failures.text(new UserException("x"), LogLines.of(true, false, false, false, false))).contains("\tat io.sifter.cli.FailuresTest");
    }

    @Test
    void aPrefixKeepsTheFamilyAndTheNextStep() {
        for (SifterException failure : List.of(new UserException("m", "n"), new ExternalException("m", "n"), new CorruptDataException("m", "n"))) {
            SifterException prefixed = Failures.prefixed("p: ", failure);

            assertThat(prefixed).isExactlyInstanceOf(failure.getClass()).hasMessage("p: m").hasCause(failure);
            assertThat(prefixed.nextStep()).contains("n");
        }
    }
}
