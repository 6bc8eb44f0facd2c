package io.sifter.engine.build;

import io.sifter.engine.definition.Stage.App;
import io.sifter.engine.definition.Stage.AppSection;
import io.sifter.engine.definition.Stage.Script;
import io.sifter.image.document.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/** Lays out the apps of a definition as the Scientific Filesystem has it: below {@code /scif}, and in the image's environment. */
final class Apps {
    private static final String GLOBAL = ".singularity.d/env/94-appsbase.sh";

    private final ImageRoot root;

    Apps(ImageRoot root) {
        this.root = root;
    }

    static String directory(App app) {
        return "scif/apps/" + app.name();
    }

    void write(Iterable<App> apps) throws IOException {
        for (App app : apps) {
            write(app);
        }
    }

    private void write(App app) throws IOException {
        String own = directory(app);
        String data = "scif/data/" + app.name();
        for (String directory : new String[] {own + "/scif/env", own + "/bin", own + "/lib", data + "/input", data + "/output"}) {
            root.makeDirectory(directory);
        }
        root.write(own + "/scif/env/01-base.sh", """
                #!/bin/sh

                SCIF_APPNAME=%1$s
                SCIF_APPROOT="/scif/apps/%1$s"
                SCIF_APPMETA="/scif/apps/%1$s/scif"
                SCIF_DATA="/scif/data"
                SCIF_APPDATA="/scif/data/%1$s"
                SCIF_APPINPUT="/scif/data/%1$s/input"
                SCIF_APPOUTPUT="/scif/data/%1$s/output"
                export SCIF_APPDATA SCIF_APPNAME SCIF_APPROOT SCIF_APPMETA SCIF_APPINPUT SCIF_APPOUTPUT SCIF_DATA
                """.formatted(app.name()), 0755);
        Map<AppSection, Script> scripts = app.scripts();
        text(scripts, AppSection.ENV, own + "/scif/env/90-environment.sh", 0755);
        text(scripts, AppSection.HELP, own + "/scif/runscript.help", 0644);
        executable(scripts, AppSection.RUN, own + "/scif/runscript");
        executable(scripts, AppSection.START, own + "/scif/startscript");
        executable(scripts, AppSection.TEST, own + "/scif/test");
        Map<String, String> labels = new TreeMap<>(app.labels());
        labels.put("SCIF_APP_NAME", app.name());
        root.write(own + "/scif/labels.json", new String(Json.indented(labels, "\t"), StandardCharsets.UTF_8), 0644);
        global(app, scripts);
    }

    private void text(Map<AppSection, Script> scripts, AppSection section, String path, int mode) throws IOException {
        if (scripts.containsKey(section)) {
            root.write(path, scripts.get(section).text(), mode);
        }
    }

    private void executable(Map<AppSection, Script> scripts, AppSection section, String path) throws IOException {
        if (scripts.containsKey(section)) {
            root.write(path, DefinitionText.executable(scripts.get(section)), 0755);
        }
    }

    /** What every program of the image sees of an app. */
    private void global(App app, Map<AppSection, Script> scripts) throws IOException {
        String name = app.name();
        // Names of variables are letters, digits and underscores.
        String word = name.replaceAll("\\W", "_");
        StringBuilder text = new StringBuilder(root.read(GLOBAL).orElse("#!/bin/sh\n")).append('\n').append("""
                SCIF_APPDATA_%2$s=/scif/data/%1$s
                SCIF_APPMETA_%2$s=/scif/apps/%1$s/scif
                SCIF_APPROOT_%2$s=/scif/apps/%1$s
                SCIF_APPBIN_%2$s=/scif/apps/%1$s/bin
                SCIF_APPLIB_%2$s=/scif/apps/%1$s/lib
                export SCIF_APPDATA_%2$s SCIF_APPMETA_%2$s SCIF_APPROOT_%2$s SCIF_APPBIN_%2$s SCIF_APPLIB_%2$s
                export SCIF_APPLABELS_%2$s=/scif/apps/%1$s/scif/labels.json
                """.formatted(name, word));
        if (scripts.containsKey(AppSection.ENV)) {
            text.append("export SCIF_APPENV_%2$s=/scif/apps/%1$s/scif/env/90-environment.sh\n".formatted(name, word));
        }
        if (scripts.containsKey(AppSection.RUN)) {
            text.append("export SCIF_APPRUN_%2$s=/scif/apps/%1$s/scif/runscript\n".formatted(name, word));
        }
        root.write(GLOBAL, text.toString(), 0755);
    }

    /** What installs the apps, as a part of %post. */
    static String install(Iterable<App> apps) {
        StringBuilder text = new StringBuilder();
        for (App app : apps) {
            Script install = app.scripts().get(AppSection.INSTALL);
            if (install != null) {
                text.append("cd /\n. /%1$s/scif/env/01-base.sh\ncd /%1$s\n%2$scd /\n".formatted(directory(app), install.text()));
            }
        }
        return text.toString();
    }
}
