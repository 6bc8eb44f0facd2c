/** The agent for {@code debootstrap}: Debian and its kin, made by debootstrap(8). */
package io.sifter.agent.debootstrap;
