/** Settings, layered: distribution, site, user. */
package io.sifter.engine.config;
