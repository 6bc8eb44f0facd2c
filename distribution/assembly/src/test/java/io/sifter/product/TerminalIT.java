package io.sifter.product;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.testkit.Peers;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Commands on a terminal: what its keys and its window do to them is what they would do to a program that was started directly. */
class TerminalIT {
    private static final String LOOP = "while :; do sleep 0.1; done";

    private Product product;
    private PseudoTerminal terminal;

    @AfterEach
    void stop() throws Exception {
        if (terminal != null) {
            terminal.close();
        }
        if (product != null) {
            product.close();
        }
    }

    /** @param prefix starts what follows it; empty for the program itself */
    private void begin(String user, String prefix) throws Exception {
        if (user.equals("root")) {
            Peers.root();
        }
        product = user.equals("root") ? Product.start() : Product.ordinary();
        Images.sif(product, "x.sif", ComparisonIT.image(Path.of(Peers.program("busybox"))));
        terminal = new PseudoTerminal(product);
        terminal.line("C='%s'".formatted(prefix));
    }

    /** Starts a script and waits until it runs. */
    private void start(String script) throws Exception {
        terminal.type("$C sh -c '%s'\n".formatted(script.replace("UP", "echo u\"\"p")));
        terminal.await("\nup\r\n");
    }

    private String code() throws Exception {
        return terminal.line("echo code=$?").lines().filter(line -> line.startsWith("code=")).findFirst().orElse("").substring(5);
    }

    /** A program may end by the signal, end by itself, or go on. */
    private void interrupts() throws Exception {
        start("trap \"echo caught; exit 7\" INT; UP; " + LOOP);
        terminal.type("\003");
        assertThat(terminal.await(PseudoTerminal.PROMPT)).contains("caught");
        assertThat(code()).isEqualTo("7");
        start("trap \"echo caught\" INT; UP; sleep 1; sleep 1; exit 3");
        terminal.type("\003");
        assertThat(terminal.await(PseudoTerminal.PROMPT)).contains("caught");
        assertThat(code()).isEqualTo("3");
        dies();
    }

    private void dies() throws Exception {
        start("UP; exec sleep 100");
        terminal.type("\003");
        terminal.await(PseudoTerminal.PROMPT);
        assertThat(code()).isEqualTo("130");
        start("UP; exec sleep 100");
        terminal.type("\034");
        terminal.await(PseudoTerminal.PROMPT);
        assertThat(code()).isEqualTo("131");
    }

    private void stops() throws Exception {
        start("UP; sleep 1; read -r word; echo heard $word; exit 5");
        terminal.type("\032");
        assertThat(terminal.await(PseudoTerminal.PROMPT)).contains("Stopped");
        assertThat(code()).isEqualTo("148");
        terminal.type("fg\n");
        terminal.await("\\$C sh -c.*\r\n");
        terminal.type("word\n");
        terminal.await("heard word\r\n");
        terminal.await(PseudoTerminal.PROMPT);
        assertThat(code()).isEqualTo("5");
    }

    private void readsInTheBackground() throws Exception {
        terminal.line("$C cat &");
        for (int i = 0; !terminal.line("jobs").contains("Stopped"); i++) {
            assertThat(i).as("looks at the job").isLessThan(300);
            Thread.sleep(20);
        }
        terminal.type("fg\n");
        terminal.await("\\$C cat\r\n");
        terminal.type("some words\n");
        terminal.await("some words\r\nsome words\r\n");
        terminal.type("\004");
        terminal.await(PseudoTerminal.PROMPT);
        assertThat(code()).isEqualTo("0");
    }

    private void followsTheWindow() throws Exception {
        terminal.resize(21, 70);
        start("stty size; trap \"stty size; exit 9\" WINCH; UP; " + LOOP);
        terminal.resize(30, 100);
        assertThat(terminal.await(PseudoTerminal.PROMPT)).contains("30 100");
        assertThat(code()).isEqualTo("9");
    }

    @ParameterizedTest
    @CsvSource({"user, ''", "root, --runtime unshare", "user, --runtime unshare", "root, --runtime unshare --pid", "user, --runtime unshare --pid"})
    void asIfStartedDirectly(String user, String options) throws Exception {
        begin(user, options.isEmpty() ? "" : "singularity exec " + options + " x.sif");
        interrupts();
        stops();
        readsInTheBackground();
        followsTheWindow();
    }

    /** bubblewrap itself hears what interrupts the command, and takes it along. */
    @ParameterizedTest
    @CsvSource({"root, --runtime bubblewrap", "user, --runtime bubblewrap --pid"})
    void bubblewrapStopsAndGoesOn(String user, String options) throws Exception {
        Peers.program("bwrap");
        begin(user, "singularity exec " + options + " x.sif");
        dies();
        stops();
        readsInTheBackground();
        followsTheWindow();
    }

    /** The container has a terminal of its own, so that nothing stops in it. */
    @ParameterizedTest
    @CsvSource({"root, --runtime oci", "user, --runtime oci --pid"})
    void aTerminalOfItsOwnFollowsTheCallers(String user, String options) throws Exception {
        Peers.program("crun");
        begin(user, "singularity exec " + options + " x.sif");
        start("UP; trap \"echo caught; exit 7\" INT; " + LOOP);
        terminal.type("\003");
        assertThat(terminal.await(PseudoTerminal.PROMPT)).contains("caught");
        assertThat(code()).isEqualTo("7");
        dies();
        terminal.resize(21, 70);
        start("stty size; UP; trap \"stty size >size\" WINCH; until [ -s size ] && grep -q 100 size; do sleep 0.1; done; cat size; exit 9");
        terminal.resize(30, 100);
        assertThat(terminal.await(PseudoTerminal.PROMPT)).contains("30 100");
        assertThat(code()).isEqualTo("9");
    }
}
