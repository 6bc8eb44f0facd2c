package io.sifter.engine.launch;

import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.launch.Capabilities;
import io.sifter.spi.launch.Confinement;
import io.sifter.spi.launch.Launch;
import io.sifter.spi.launch.Mount;
import io.sifter.spi.launch.Namespace;
import io.sifter.spi.launch.Privileges;
import io.sifter.spi.launch.Runtime;
import io.sifter.spi.launch.RuntimeContext;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Asks a runtime what it would refuse, by letting it plan launches that nobody starts. */
public final class RuntimeSurvey {
    private final RuntimeContext context;

    /** @param host as the caller's containers would find it */
    public RuntimeSurvey(Host host) {
        context = new RuntimeContext(host.uid(), host.gid(), host.privileged(), host.searchPath(), host.home().resolve("libexec"), Map.of());
    }

    /** @param settings the runtime's section of the configuration */
    public RuntimeContext context(Map<String, String> settings) {
        return new RuntimeContext(context.uid(), context.gid(), context.privileged(), context.searchPath(), context.libexec(), settings);
    }

    /** Why what can be asked for is refused, in the runtime's words; empty if nothing is. */
    public Set<String> refusals(Runtime runtime) throws IOException {
        Privileges none = Privileges.none(context.uid(), context.gid());
        Set<String> refusals = new LinkedHashSet<>();
        ask(runtime, EnumSet.allOf(Namespace.class), none, Confinement.NONE, refusals);
        ask(runtime, Set.of(), none.with(new Capabilities(1)), Confinement.NONE, refusals);
        if (context.privileged()) {
            ask(runtime, Set.of(), Privileges.none(65533, 65533), Confinement.NONE, refusals);
        } else {
            ask(runtime, Set.of(), new Privileges(0, 0, Optional.empty(), true, Optional.empty(), true), Confinement.NONE, refusals);
        }
        ask(runtime, Set.of(), none, new Confinement(Optional.of("{}"), Optional.empty(), Optional.empty()), refusals);
        ask(runtime, Set.of(), none, new Confinement(Optional.empty(), Optional.of("x"), Optional.empty()), refusals);
        ask(runtime, Set.of(), none, new Confinement(Optional.empty(), Optional.empty(), Optional.of("x")), refusals);
        return refusals;
    }

    private static void ask(Runtime runtime, Set<Namespace> namespaces, Privileges privileges, Confinement confinement, Set<String> refusals)
            throws IOException {
        try {
            runtime.plan(new Launch(List.of(new Mount.Bind(Path.of("/"), "/", true, false)), List.of("/bin/true"), Map.of(), "/", namespaces,
                    namespaces.contains(Namespace.UTS) ? Optional.of("name") : Optional.empty(), privileges, confinement));
        } catch (UserException | ExternalException e) {
            refusals.add(e.getMessage());
        }
    }
}
