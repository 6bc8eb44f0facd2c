/**
 * Registries that run in this process: {@link io.sifter.testkit.registry.TestRegistry} serves images faithfully,
 * {@link io.sifter.testkit.registry.ScriptedRegistry} also asks for logins and fails on demand. What stands around them: {@link io.sifter.testkit.registry.TokenServer},
 * {@link io.sifter.testkit.registry.ForwardProxy}. JDK only.
 */
package io.sifter.testkit.registry;
