package io.sifter.cli.terminal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LogLinesTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"INFO|'INFO:    text'", "WARNING|'WARNING: text'", "ERROR|'ERROR:   text'", "FATAL|'FATAL:   text'",
        "VERBOSE|'VERBOSE: text'"})
    void levelsStandInEightColumns(Level level, String line) {
        assertThat(LogLines.of(false, false, false, false, false).line(level, "text\n\n", "")).isEqualTo(line + "\n");
    }

    @Test
    void theColourEndsBeforeTheText() {
        LogLines lines = LogLines.of(false, false, false, false, true);

        assertThat(lines.line(Level.WARNING, "text", "")).isEqualTo("\u001b[33mWARNING:\u001b[0m text\n");
        assertThat(lines.line(Level.FATAL, "text", "")).isEqualTo("\u001b[31mFATAL:  \u001b[0m text\n");
        assertThat(lines.line(Level.VERBOSE, "text", "")).isEqualTo("VERBOSE: text\n");
    }

    @Test
    void debugLinesTellUserProcessAndPlace() {
        LogLines lines = LogLines.of(true, false, false, false, false);

        assertThat(lines.line(Level.FATAL, "text", "Pull.run()")).matches("FATAL   \\[U=\\d+,P=\\d+] +Pull\\.run\\(\\) {20}text\n")
                .contains("[U=").hasSize(8 + 19 + 30 + 5);
    }

    @ParameterizedTest
    @CsvSource({"false,false,false,false,INFO", "false,false,true,false,WARNING", "false,false,false,true,ERROR", "false,true,false,false,VERBOSE",
        "true,false,true,true,DEBUG", "false,true,true,true,VERBOSE", "false,false,true,true,WARNING"})
    void theFirstFlagSetDecidesHowMuchIsTold(boolean debug, boolean verbose, boolean quiet, boolean silent, Level last) {
        LogLines lines = LogLines.of(debug, verbose, quiet, silent, false);

        for (Level level : Level.values()) {
            assertThat(lines.shows(level)).as("%s", level).isEqualTo(level.compareTo(last) <= 0);
        }
    }

    @Test
    void theNextStepStandsUnderTheText() {
        assertThat(LogLines.of(false, false, false, false, false).continuation("Try again.\nOr not.")).isEqualTo("         Try again.\n         Or not.\n");
    }
}
