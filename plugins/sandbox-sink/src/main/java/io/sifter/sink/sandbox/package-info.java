/**
 * The sink that writes sandbox directories: {@link io.sifter.sink.sandbox.SandboxSink}. Everything is made by name in an open
 * directory that nobody else may enter, so that no path in a tree can lead out of it.
 */
package io.sifter.sink.sandbox;
