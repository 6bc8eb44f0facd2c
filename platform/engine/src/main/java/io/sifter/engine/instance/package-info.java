/**
 * Containers in the background, by name: what is known of them, and whether they still run. On the start-up path of containers: plain
 * objects of the JDK. The door is {@link io.sifter.engine.instance.Instances}.
 */
package io.sifter.engine.instance;
