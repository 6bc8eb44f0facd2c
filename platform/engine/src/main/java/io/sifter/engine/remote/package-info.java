/** Remote endpoints: which there are, which is chosen, where their services are, and the tokens for them. */
package io.sifter.engine.remote;
