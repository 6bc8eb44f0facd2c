/** The agent for {@code arch}: Arch Linux, made by pacstrap(8). */
package io.sifter.agent.arch;
