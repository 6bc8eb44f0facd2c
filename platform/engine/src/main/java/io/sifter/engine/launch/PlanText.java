package io.sifter.engine.launch;

import static io.sifter.spi.launch.ShellText.quote;

import io.sifter.spi.launch.LaunchPlan;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What the launcher's shell evaluates. It knows three functions: {@code sifter_main}, which becomes the full program with the
 * same arguments, {@code sifter_prepare}, which lets the full program make the image ready and then asks for a plan again, and
 * {@code sifter_plan_with_plugins}, which asks for a plan with everything on the class path.
 * Raw bytes, one byte a character.
 */
public final class PlanText {
    /** Let the full program answer this command line. */
    public static final String FULL = "sifter_main \"$@\"\n";
    /** Let the full program fetch and convert the image, then plan again with what it made. */
    public static final String PREPARE = "sifter_prepare \"$@\"\n";
    /** Plan again with plugins. */
    public static final String WITH_PLUGINS = "sifter_plan_with_plugins \"$@\"\n";
    /** A shell must not touch them. */
    private static final Set<String> SHELLS_OWN = Set.of("_", "UID", "EUID", "PPID", "BASHOPTS", "SHELLOPTS", "BASH_VERSINFO");

    private PlanText() {}

    /** End with an exit code, saying nothing. */
    public static String exit(int code) {
        return "exit " + code + "\n";
    }

    /**
     * Become a plan's program.
     *
     * @param caller environment of the launcher, which becomes that of the plan
     * @param umask unless it stays
     * @param before commands to run first, with the caller's environment; if one fails, nothing is started
     */
    static String execute(LaunchPlan plan, Map<String, String> caller, OptionalInt umask, List<List<String>> before) {
        StringBuilder text = new StringBuilder();
        for (List<String> command : before) {
            words(command, text);
            text.append(" || exit 255\n");
        }
        if (umask.isPresent()) {
            text.append("umask 0").append(Integer.toOctalString(umask.getAsInt())).append('\n');
        }
        StringBuilder gone = new StringBuilder();
        for (String name : new TreeSet<>(caller.keySet())) {
            if (!plan.environment().containsKey(name) && CommandEnvironment.isName(name) && !SHELLS_OWN.contains(name)) {
                gone.append(' ').append(name);
            }
        }
        if (!gone.isEmpty()) {
            text.append("unset").append(gone).append('\n');
        }
        for (Map.Entry<String, String> variable : new TreeMap<>(plan.environment()).entrySet()) {
            if (!variable.getValue().equals(caller.get(variable.getKey())) && !SHELLS_OWN.contains(variable.getKey())) {
                text.append("export ").append(variable.getKey()).append('=').append(quote(variable.getValue())).append('\n');
            }
        }
        text.append("exec");
        for (String word : plan.command()) {
            text.append(' ').append(quote(word));
        }
        return text.append('\n').toString();
    }

    private static void words(List<String> command, StringBuilder text) {
        for (int i = 0; i < command.size(); i++) {
            text.append(i == 0 ? "" : " ").append(quote(command.get(i)));
        }
    }
}
