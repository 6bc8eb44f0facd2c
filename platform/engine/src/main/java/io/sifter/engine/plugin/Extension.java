package io.sifter.engine.plugin;

import java.nio.file.Path;

/**
 * One line of a plugin's index: that {@code className} in the plugin at {@code path} serves {@code name}.
 *
 * @param name a transport for agents and publishers, the word after {@code Bootstrap:} for bootstraps, the word users choose by for sinks and runtimes
 */
public record Extension(Kind kind, String name, String className, String pluginId, Path path) {
    /** The kinds of things that plugins contribute. */
    public enum Kind {
        AGENT("agent"), BOOTSTRAP("bootstrap"), SINK("sink"), RUNTIME("runtime"), PUBLISHER("publisher");

        private final String key;

        Kind(String key) {
            this.key = key;
        }

        /** The word before the dot in {@code plugin.properties}. */
        public String key() {
            return key;
        }
    }
}
