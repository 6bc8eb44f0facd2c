/** Fixtures and fakes for tests of plugins and of Sifter itself. */
package io.sifter.testkit;
