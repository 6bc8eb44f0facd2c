/** The agents for {@code dnf}, {@code yum} and {@code zypper}: distributions of RPM packages, made by the program of that name. */
package io.sifter.agent.rpm;
