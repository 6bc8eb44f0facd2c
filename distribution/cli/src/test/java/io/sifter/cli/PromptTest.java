package io.sifter.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.error.UserException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PromptTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    private Prompt prompt(InputStream in) {
        return new Prompt(new Caller(Map.of(), Path.of("/"), in, new PrintStream(out), System.err, false, false));
    }

    private static InputStream input(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void questionsGoToStandardOutputAndAnswersEndAtTheLine() throws Exception {
        InputStream in = input("ilumb\nsecrét\r\nrest of the input");
        Prompt prompt = prompt(in);

        assertThat(prompt.ask("Enter Docker Username: ")).isEqualTo("ilumb");
        assertThat(prompt.askSecretly("Enter Docker Password: ")).isEqualTo("secrét");
        assertThat(out).hasToString("Enter Docker Username: Enter Docker Password: ");
        assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8)).isEqualTo("rest of the input");
    }

    @Test
    void theLastLineNeedsNoEnd() throws Exception {
        assertThat(prompt(input("y")).ask("? ")).isEqualTo("y");
    }

    @Test
    void anInputThatEndsIsAFailure() {
        assertThatThrownBy(() -> prompt(input("")).ask("? ")).isInstanceOf(UserException.class).hasMessage("could not read user's input: EOF");
    }
}
