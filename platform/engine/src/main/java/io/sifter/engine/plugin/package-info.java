/** Hosts plugins: their index, their class loaders, the version of the contract. */
package io.sifter.engine.plugin;
