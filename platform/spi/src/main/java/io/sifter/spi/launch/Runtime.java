package io.sifter.spi.launch;

import java.io.IOException;
import org.pf4j.ExtensionPoint;

/**
 * Plans how a command starts in a container; never starts it itself. It has one public constructor, which takes a
 * {@link RuntimeContext}. Constructing and planning must be quick: they are part of every {@code exec}.
 */
public interface Runtime extends ExtensionPoint {
    /** Whether this runtime works here, and why not. Looks only at what is cheap to see; starts no process. */
    Readiness probe();

    /**
     * Turns a launch into a command line for the launcher.
     *
     * @throws io.sifter.spi.error.UserException if the launch asks for something this runtime cannot do; names it
     */
    LaunchPlan plan(Launch launch) throws IOException;
}
