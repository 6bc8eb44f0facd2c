package io.sifter.engine.lint;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** {@code NAME=value} as configurations have it. */
final class Variables {
    private Variables() {}

    static Map<String, String> of(List<String> entries) {
        Map<String, String> variables = new LinkedHashMap<>();
        for (String entry : entries) {
            int equals = entry.indexOf('=');
            variables.put(equals < 0 ? entry : entry.substring(0, equals), equals < 0 ? "" : entry.substring(equals + 1));
        }
        return variables;
    }

    /** Whether a variable's value is a list of directories that programs, libraries or modules are looked for in. */
    static boolean isPath(String name) {
        return name.endsWith("PATH") && !name.endsWith("_FILE_PATH");
    }
}
