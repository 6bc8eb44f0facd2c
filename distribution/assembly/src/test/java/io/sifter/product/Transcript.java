package io.sifter.product;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.sifter.testkit.Peers;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Commands and what they must print, as a text file:
 *
 * <pre>
 * # a comment; "# needs: file jq" names programs without which the transcript is skipped
 * $ command          run by a shell; directory and exported variables last to the next command
 * ~ command          the same on a terminal; «words» in the output are typed there, «hidden:words» are not shown
 * ? 255              exit code of the command above, 0 unless stated
 * output             standard output and error as they come
 * </pre>
 *
 * <p>In the output, {@code <hex>} is a digest's digits, {@code <size>}, {@code <bar>}, {@code <time>} and {@code <date>} are
 * what they say, {@code <any>} is the rest of a word or line, {@code <lines>} any lines. {@code <hex:name>} must be the same
 * everywhere in the transcript and is the variable {@code $name} of later commands. {@code {NAME}} is a variable of the
 * transcript. An output line that begins with one of the signs above has a backslash before it.
 */
final class Transcript {
    private static final Map<String, String> KINDS = Map.of(
            "hex", "[0-9a-f]{64}",
            "size", "\\d+(?:\\.\\d+)? (?:B|KiB|MiB|GiB|kB|MB|GB)",
            "bar", "\\[=+\\]",
            "time", "(?:\\d+h)?(?:\\d+m)?\\d+(?:\\.\\d+)?s",
            "date", "[A-Z][a-z]+day_\\d+_[A-Z][a-z]+_\\d{4}_\\d+:\\d+:\\d+_UTC",
            "number", "\\d+",
            "any", "[^\\n]*?",
            "lines", "(?:[^\\n]*\\n)*?[^\\n]*?");
    private static final Pattern PLACEHOLDER = Pattern.compile("<(" + String.join("|", KINDS.keySet()) + ")(?::([a-zA-Z]\\w*))?>|\\{([A-Z]+)\\}");
    private static final Pattern TYPED = Pattern.compile("«(hidden:)?([^»]*)»");
    private static final long SECONDS = 60;

    /** One command with what it prints. */
    record Step(int line, boolean terminal, String command, int exit, String output) {}

    private final String name;
    private final List<String> needs;
    private final List<Step> steps;

    private Transcript(String name, List<String> needs, List<Step> steps) {
        this.name = name;
        this.needs = needs;
        this.steps = steps;
    }

    static Transcript read(Path file) throws IOException {
        List<String> needs = new ArrayList<>();
        List<Step> steps = new ArrayList<>();
        Step open = null;
        StringBuilder output = new StringBuilder();
        int number = 0;
        for (String line : Files.readAllLines(file)) {
            number++;
            if (line.startsWith("# needs: ")) {
                needs.addAll(List.of(line.substring(9).split(" ")));
            } else if (line.startsWith("$ ") || line.startsWith("~ ")) {
                close(open, output, steps);
                open = new Step(number, line.startsWith("~"), line.substring(2), 0, "");
            } else if (line.startsWith("? ")) {
                assertThat(open).as("%s:%d: exit code without command", file, number).isNotNull();
                open = new Step(open.line, open.terminal, open.command, Integer.parseInt(line.substring(2).strip()), "");
            } else if (!line.startsWith("#")) {
                output.append(line.startsWith("\\") ? line.substring(1) : line).append('\n');
            }
        }
        close(open, output, steps);
        return new Transcript(file.getFileName().toString().replace(".txt", ""), needs, steps);
    }

    private static void close(Step open, StringBuilder output, List<Step> steps) {
        if (open != null) {
            // One empty line before the next command is for the eye.
            String text = output.toString().endsWith("\n\n") ? output.substring(0, output.length() - 1) : output.toString().equals("\n") ? "" : output.toString();
            steps.add(new Step(open.line, open.terminal, open.command, open.exit, text));
        }
        output.setLength(0);
    }

    String name() {
        return name;
    }

    List<String> commands() {
        return steps.stream().map(Step::command).toList();
    }

    /** Runs all commands, and fails at the first that differs. */
    void play(Product product, Map<String, String> variables) throws IOException, InterruptedException {
        needs.forEach(Peers::program);
        Path state = product.root().resolve("state");
        StringBuilder start = new StringBuilder("cd '" + product.work() + "'\n");
        variables.forEach((name, value) -> start.append("export %s='%s'\n".formatted(name, value)));
        Files.writeString(state, start);
        product.give(state);
        Map<String, String> bound = new TreeMap<>();
        for (Step step : steps) {
            StringBuilder bindings = new StringBuilder();
            bound.forEach((name, value) -> bindings.append("%s='%s'\n".formatted(name, value)));
            Said said = step.terminal ? onTerminal(product, bindings, step) : plainly(product, bindings, step);
            check(step, said, variables, bound);
        }
    }

    private record Said(String text, int exit) {}

    private static Said plainly(Product product, StringBuilder bindings, Step step) throws IOException, InterruptedException {
        String script = """
                . "$0"
                %s{ %s
                } 2>&1 </dev/null
                code=$?
                { export -p; echo "cd '$PWD'"; } >"$0"
                exit $code
                """.formatted(bindings, step.command);
        Product.Result result = product.execute(product.work(), "", List.of("bash", "-c", script, product.root().resolve("state").toString()));
        // Some programs draw trees with spaces that do not break.
        return new Said((result.out() + result.err()).replace('\u00a0', ' '), result.exit());
    }

    /** Types each answer when its question stands at the end of what was printed. */
    private static Said onTerminal(Product product, StringBuilder bindings, Step step) throws IOException, InterruptedException {
        String script = product.root().resolve("terminal").toString();
        Files.writeString(Path.of(script), ". '%s'\n%sexec %s\n".formatted(product.root().resolve("state"), bindings, step.command));
        List<String> command = List.of(Peers.program("script"), "-qefc", "stty -echoctl cols 80; bash " + script, "/dev/null");
        Process process = product.begin(product.work(), command, ProcessBuilder.Redirect.DISCARD);
        StringBuilder printed = new StringBuilder();
        Thread reader = Thread.ofPlatform().daemon().start(() -> {
            try (InputStream in = process.getInputStream()) {
                byte[] buffer = new byte[4096];
                for (int read; (read = in.read(buffer)) >= 0;) {
                    synchronized (printed) {
                        printed.append(new String(buffer, 0, read, StandardCharsets.ISO_8859_1));
                    }
                }
            } catch (IOException e) {
                // The terminal closed.
            }
        });
        try {
            Matcher typed = TYPED.matcher(step.output);
            int from = 0;
            int seen = 0;
            while (typed.find()) {
                String before = step.output.substring(from, typed.start());
                String question = before.substring(Math.max(before.lastIndexOf('\n'), before.lastIndexOf("<lines>") < 0 ? -1 : before.lastIndexOf("<lines>") + 6) + 1);
                seen = await(process, printed, question, seen, step);
                // A program that hides what is typed switches the echo off after its question.
                Thread.sleep(typed.group(1) == null ? 50 : 400);
                process.getOutputStream().write((typed.group(2) + "\n").getBytes(StandardCharsets.UTF_8));
                process.getOutputStream().flush();
                from = typed.end();
            }
            if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
                fail("line %d: '%s' does not end; so far:%n%s".formatted(step.line, step.command, printed));
            }
            reader.join(5_000);
            synchronized (printed) {
                return new Said(shown(printed.toString()), process.exitValue());
            }
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    /** What stands on the screen in the end: without colours, and without lines that were written again. */
    private static String shown(String printed) {
        return printed.replaceAll("\u001b\\[[0-9;?]*[a-zA-JL-Z]", "").replace("\r\n", "\n").replaceAll("[^\\n]*\r(\u001b\\[K)?", "")
                .replace("\u001b[K", "");
    }

    private static int await(Process process, StringBuilder printed, String question, int seen, Step step) throws InterruptedException {
        for (long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS); System.nanoTime() < deadline; Thread.sleep(20)) {
            synchronized (printed) {
                String text = printed.toString();
                if (text.length() > seen && text.indexOf(question, seen) >= 0 && text.endsWith(question)) {
                    return text.length();
                }
            }
            if (!process.isAlive()) {
                break;
            }
        }
        return fail("line %d: '%s' does not ask '%s'; it printed:%n%s".formatted(step.line, step.command, question, printed));
    }

    private void check(Step step, Said said, Map<String, String> variables, Map<String, String> bound) {
        List<String> names = new ArrayList<>();
        Pattern pattern = pattern(step, variables, bound, names);
        Matcher matcher = pattern.matcher(said.text);
        if (!matcher.matches() || said.exit != step.exit) {
            fail("""
                    %s:%d: $ %s
                    ended with %d, expected %d
                    --- printed
                    %s--- expected
                    %s""".formatted(name, step.line, step.command, said.exit, step.exit, said.text, step.output));
        }
        for (String captured : names) {
            bound.put(captured, matcher.group(captured));
        }
    }

    private Pattern pattern(Step step, Map<String, String> variables, Map<String, String> bound, List<String> names) {
        String expected = TYPED.matcher(step.output).replaceAll(typed -> Matcher.quoteReplacement(typed.group(1) == null ? typed.group(2) : ""));
        Matcher placeholder = PLACEHOLDER.matcher(expected);
        StringBuilder regex = new StringBuilder();
        int from = 0;
        while (placeholder.find()) {
            regex.append(Pattern.quote(expected.substring(from, placeholder.start())));
            from = placeholder.end();
            String variable = placeholder.group(3);
            String named = placeholder.group(2);
            if (variable != null) {
                assertThat(variables).as("%s:%d", name, step.line).containsKey(variable);
                regex.append(Pattern.quote(variables.get(variable)));
            } else if (named == null) {
                regex.append("(?:").append(KINDS.get(placeholder.group(1))).append(')');
            } else if (bound.containsKey(named)) {
                regex.append(Pattern.quote(bound.get(named)));
            } else if (names.contains(named)) {
                regex.append("\\k<").append(named).append('>');
            } else {
                names.add(named);
                regex.append("(?<").append(named).append('>').append(KINDS.get(placeholder.group(1))).append(')');
            }
        }
        return Pattern.compile(regex.append(Pattern.quote(expected.substring(from))).toString());
    }
}
