package io.sifter.engine.plugin;

import io.sifter.spi.error.ExternalException;
import io.sifter.spi.launch.Launch;
import io.sifter.spi.launch.LaunchPlan;
import io.sifter.spi.launch.Readiness;
import io.sifter.spi.launch.Runtime;
import java.io.IOException;

/** A plugin's runtime. What goes wrong in it is told as the plugin's failure, not as one of the program. */
record GuardedRuntime(Runtime runtime, Extension extension) implements Runtime {
    @Override
    public Readiness probe() {
        try {
            Readiness readiness = runtime.probe();
            return readiness == null ? Readiness.missing(failure("it answered nothing")) : readiness;
        } catch (RuntimeException | LinkageError e) {
            return Readiness.missing(failure(e.toString()));
        }
    }

    @Override
    public LaunchPlan plan(Launch launch) throws IOException {
        try {
            LaunchPlan plan = runtime.plan(launch);
            if (plan == null) {
                throw new IllegalStateException("it answered nothing");
            }
            return plan;
        } catch (RuntimeException | LinkageError e) {
            throw new ExternalException("Could not plan the container: " + failure(e.toString()), "Update the plugin, or choose another runtime.", e);
        }
    }

    private String failure(String reason) {
        return "plugin %s (%s) failed: %s".formatted(extension.pluginId(), extension.path(), reason);
    }
}
