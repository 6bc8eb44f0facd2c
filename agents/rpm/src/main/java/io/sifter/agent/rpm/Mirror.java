package io.sifter.agent.rpm;

import io.sifter.spi.Header;
import io.sifter.spi.error.UserException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What headers of distributions of RPM packages have in common: addresses, and names of packages. */
final class Mirror {
    private static final Pattern VERSION = Pattern.compile("%\\{osversion}", Pattern.CASE_INSENSITIVE);

    private Mirror() {}

    /** An address, the version put in where it says {@code %{OSVERSION}}. */
    static Optional<String> find(Header header, String key) throws UserException {
        Optional<String> address = header.find(key);
        if (address.isEmpty() || !VERSION.matcher(address.get()).find()) {
            return address;
        }
        return Optional.of(VERSION.matcher(address.get()).replaceAll(Matcher.quoteReplacement(header.require("OSVersion"))));
    }

    /** What is installed: what always is, what the header says, and what the variable {@code INCLUDE} says. */
    static List<String> packages(List<String> always, Header header, Map<String, String> environment) {
        List<String> packages = new ArrayList<>(always);
        packages.addAll(Arrays.asList((header.find("Include").orElse("") + " " + environment.getOrDefault("INCLUDE", "")).strip().split("\\s+")));
        packages.removeIf(String::isEmpty);
        return packages;
    }
}
