/**
 * The contract between Sifter and its plugins: {@link io.sifter.spi.Agent} finds images, {@link io.sifter.spi.Sink} writes
 * trees, {@link io.sifter.spi.launch.Runtime} plans how a command starts. It needs the JDK and the marker interface of PF4J,
 * nothing else, and follows semantic versioning by itself.
 */
package io.sifter.spi;
