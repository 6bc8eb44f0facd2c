package io.sifter.engine.build;

import io.sifter.engine.definition.Stage;
import io.sifter.engine.definition.Stage.App;
import io.sifter.engine.definition.Stage.Copies;
import io.sifter.engine.definition.Stage.Copy;
import io.sifter.engine.definition.Stage.Script;
import io.sifter.engine.definition.Stage.Section;
import io.sifter.image.document.Json;
import io.sifter.spi.reference.Digest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * All that determines what the sections of a stage come to, as far as that can be known, as a document: equal documents, equal results. Texts
 * and values stand in it as digests only, since there may be secrets among them. What a script fetches, the time, and what it finds in
 * directories of the host are not in it.
 */
final class StageInputs {
    private static final Set<String> PROXIES = Set.of("http_proxy", "https_proxy", "no_proxy", "all_proxy", "ftp_proxy");

    private final Map<String, Object> members = new LinkedHashMap<>();

    private StageInputs() {}

    /**
     * The document.
     *
     * @param settings of the engine that determine how bases and results are made
     * @param earlier keys of the stages before, by name; missing where they cannot be known
     * @return nothing if what determines the result cannot be known
     */
    static Optional<String> of(Stage stage, Base base, DefinitionOptions options, DefinitionBuild.Launching launching, String settings,
                               Map<String, String> earlier, FileCopies copies) throws IOException, InterruptedException {
        boolean host = stage.scripts().containsKey(Section.PRE) || stage.scripts().containsKey(Section.SETUP);
        Optional<String> identity = identity(stage, base, copies);
        if (host || identity.isEmpty() || !options.gpus().isEmpty()) {
            return Optional.empty();
        }
        StageInputs inputs = new StageInputs();
        inputs.put("settings", settings);
        inputs.put("base", identity.get() + " " + base.created());
        inputs.put("platform", base.platform().toString());
        inputs.put("header", stage.header().toString());
        inputs.put("users", Files.readString(Path.of("/proc/self/uid_map")) + Files.readString(Path.of("/proc/self/gid_map")));
        inputs.put("runtime", launching.wanted().orElse(""));
        inputs.put("mounts", options.binds() + " " + options.mounts());
        inputs.put("environment", digest(environment(launching.host().environment())));
        inputs.put("post", digest(stage.script(Section.POST)));
        for (App app : stage.apps().values()) {
            List<String> texts = new ArrayList<>(List.of(app.labels().toString()));
            app.scripts().forEach((section, script) -> texts.add(section + " " + digest(Optional.of(script))));
            inputs.put("app " + app.name(), digest(texts.toString()));
            inputs.put("files of app " + app.name(), copies.digest(app.files()));
        }
        int number = 0;
        for (Copies files : options.selection().has("files") ? stage.files() : List.<Copies>of()) {
            String from = files.stage().isEmpty() ? copies.digest(files.entries()) : earlier.get(files.stage().get());
            if (from == null) {
                return Optional.empty();
            }
            inputs.put("files " + number++, from + " " + digest(files.toString()));
        }
        return Optional.of(new String(Json.indented(inputs.members, "\t"), StandardCharsets.UTF_8));
    }

    /** A directory may change without showing it. */
    private static Optional<String> identity(Stage stage, Base base, FileCopies copies) throws IOException, InterruptedException {
        if (stage.bootstrap().equals("localimage") && stage.key("from").isPresent()) {
            String file = stage.key("from").get();
            return Files.isRegularFile(Path.of(file)) ? Optional.of(copies.digest(List.of(new Copy(file, "")))) : Optional.empty();
        }
        return Optional.of(base.identity()).filter(text -> text.startsWith("sha256:") || text.equals("scratch"));
    }

    static String key(String document) {
        return Digest.sha256(document.getBytes(StandardCharsets.UTF_8)).hex();
    }

    private void put(String name, String value) {
        members.put(name, value);
    }

    private static String environment(Map<String, String> host) {
        Map<String, String> passed = new TreeMap<>(host);
        passed.keySet().removeIf(name -> !name.startsWith("SINGULARITYENV_") && !name.startsWith("APPTAINERENV_") && !PROXIES.contains(name.toLowerCase(Locale.ROOT)));
        return passed.toString();
    }

    private static String digest(Optional<Script> script) {
        return script.isEmpty() ? "" : digest(script.get().arguments() + "\n" + script.get().text());
    }

    private static String digest(String text) {
        return Digest.sha256(text.getBytes(StandardCharsets.UTF_8)).toString();
    }
}
