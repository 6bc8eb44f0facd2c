package io.sifter.cli.options;

import java.util.Objects;
import java.util.Optional;

/** What becomes of a known option or command. Nothing that is known is ever passed over in silence. */
public sealed interface Support {
    /** It does what it says. */
    record Supported() implements Support {}

    /** What it asks for is always so; {@code reason} says why, and the log tells when details are wanted. */
    record Moot(String reason) implements Support {
        public Moot {
            Objects.requireNonNull(reason);
        }
    }

    /** Using it ends the command. {@code reason} completes "is not supported: ". */
    record Refused(String reason, Optional<String> nextStep) implements Support {
        public Refused {
            Objects.requireNonNull(reason);
            Objects.requireNonNull(nextStep);
        }
    }
}
