/** A root file system in memory: nodes, their attributes, and content that is read or copied when a sink writes it. */
package io.sifter.spi.tree;
