package io.sifter.engine.plugin;

import java.nio.file.Path;

/** A plugin that the host does not use, and why. */
public record PluginProblem(Path path, String reason) {}
