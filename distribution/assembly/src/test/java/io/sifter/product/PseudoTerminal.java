package io.sifter.product;

import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A person's terminal with an interactive bash in it, whose prompt is {@link #PROMPT}. script(1) makes it. */
final class PseudoTerminal implements AutoCloseable {
    static final String PROMPT = "ready> ";
    private static final long SECONDS = 60;

    private final Product product;
    private final Process process;
    private final StringBuilder shown = new StringBuilder();

    PseudoTerminal(Product product) throws IOException, InterruptedException {
        this.product = product.with("PS1", PROMPT);
        this.process = product.begin(product.work(), List.of("script", "-qec", "bash --norc --noprofile -i", "/dev/null"), ProcessBuilder.Redirect.DISCARD);
        Thread.ofVirtual().start(() -> {
            try (InputStream in = process.getInputStream()) {
                for (int one = in.read(); one >= 0; one = in.read()) {
                    synchronized (shown) {
                        shown.append((char) one);
                    }
                }
            } catch (IOException ended) {
                // Nothing more is shown.
            }
        });
        await(PROMPT);
    }

    /** Presses keys; control characters are what the keys of that name send. */
    void type(String keys) throws IOException {
        process.getOutputStream().write(keys.getBytes(StandardCharsets.US_ASCII));
        process.getOutputStream().flush();
    }

    /** Types a line and takes what is shown until the next prompt, without the line itself. */
    String line(String line) throws IOException, InterruptedException {
        type(line + "\n");
        await("\n");
        return await(PROMPT);
    }

    /** Waits until something is shown and takes it, with all before it. */
    String await(String expression) throws InterruptedException {
        Pattern pattern = Pattern.compile(expression);
        for (long deadline = System.nanoTime() + SECONDS * 1_000_000_000; System.nanoTime() < deadline; Thread.sleep(10)) {
            synchronized (shown) {
                Matcher matcher = pattern.matcher(shown);
                if (matcher.find()) {
                    String taken = shown.substring(0, matcher.end());
                    shown.delete(0, matcher.end());
                    return taken.replace("\r", "");
                }
            }
        }
        return fail("'%s' was not shown, but '%s'".formatted(expression, shown));
    }

    /** Makes the window as large. */
    void resize(int rows, int columns) throws IOException, InterruptedException {
        String device = process.descendants().filter(child -> child.info().command().orElse("").endsWith("/bash"))
                .map(child -> "/proc/" + child.pid() + "/fd/0").findFirst().orElseThrow();
        product.shell("stty rows %d cols %d <%s".formatted(rows, columns, device)).ok();
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }
}
