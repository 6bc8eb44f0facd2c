/**
 * One HTTP stack and the registry protocol on it: {@link io.sifter.network.Network} is the door. OkHttp and Jackson stay
 * inside; nothing of them shows in a public signature.
 */
package io.sifter.network;
