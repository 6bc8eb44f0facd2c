package io.sifter.cli.options;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.cli.options.Support.Moot;
import io.sifter.cli.options.Support.Refused;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CommandTableTest {
    static List<Command> commands() {
        return CommandTable.all();
    }

    @ParameterizedTest
    @MethodSource("commands")
    void namesAndLettersAreUniqueWithinACommand(Command command) {
        var names = new HashSet<String>();
        var letters = new HashSet<Character>();
        for (Option option : command.options()) {
            assertThat(names.add(option.name())).as("--%s of %s", option.name(), command.path()).isTrue();
            assertThat(option.letter() == '\0' || letters.add(option.letter())).as("-%s of %s", option.letter(), command.path()).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource("commands")
    void everyOptionIsDescribedAndEveryRefusalHasAReason(Command command) {
        if (command.support() instanceof Refused refused) {
            assertThat(refused.reason()).isNotBlank();
        }
        for (Option option : command.options()) {
            assertThat(option.description()).isNotBlank();
            switch (option.support()) {
                case Refused refused -> assertThat(refused.reason()).isNotBlank();
                case Moot moot -> assertThat(moot.reason()).isNotBlank();
                case Support.Supported() -> { }
            }
        }
    }
}
