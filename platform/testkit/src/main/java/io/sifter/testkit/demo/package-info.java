/** An image made of the programs of the machine it is made on, and a registry that serves it. Needs no network. */
package io.sifter.testkit.demo;
