/** The agent and the publisher for {@code oras://}: SIF files as artifacts in registries. */
package io.sifter.agent.oras;
