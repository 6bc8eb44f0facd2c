/** The agent for {@code docker://}: images in registries. */
package io.sifter.agent.docker;
