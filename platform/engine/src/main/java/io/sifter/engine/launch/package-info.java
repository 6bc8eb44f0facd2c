/**
 * Plans how an action starts: which file tree the image has, what is mounted over it, which variables the command sees, what
 * starts it. On the start-up path of {@code exec}: plain objects of the JDK, the readers of images and the contract of
 * runtimes, nothing else. The door is {@link io.sifter.engine.launch.Planner}.
 *
 * <p>Strings about the container are raw bytes, one byte a character, as in {@link io.sifter.spi.tree}.
 */
package io.sifter.engine.launch;
