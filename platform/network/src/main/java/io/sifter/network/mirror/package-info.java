/**
 * Where images are really asked for: {@link io.sifter.network.mirror.RegistryRules} says it for each name, by the rules that
 * {@code registries.conf} of containers (containers-registries.conf(5)) and our own configuration hold. Sends nothing.
 */
package io.sifter.network.mirror;
