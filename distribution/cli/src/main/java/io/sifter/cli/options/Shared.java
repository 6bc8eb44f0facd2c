package io.sifter.cli.options;

import static io.sifter.cli.options.Option.flag;
import static io.sifter.cli.options.Option.list;
import static io.sifter.cli.options.Option.number;
import static io.sifter.cli.options.Option.text;

/** Options that mean the same wherever they stand. */
final class Shared {
    private Shared() {}

    static Option authFile() {
        return text("authfile", "file with credentials, in Docker's format").from("AUTHFILE", "AUTH_FILE");
    }

    static Option disableCache() {
        return flag("disable-cache", "keep nothing in the cache and use nothing of it").from("DISABLE_CACHE");
    }

    static Option dockerHost() {
        return text("docker-host", "address of the Docker daemon, unix:///path or tcp://host:port").from("DOCKER_HOST").orBare();
    }

    static Option dockerLogin() {
        return flag("docker-login", "ask for the registry's user name and password").from("DOCKER_LOGIN");
    }

    static Option dockerPassword() {
        return text("docker-password", "password for the registry").from("DOCKER_PASSWORD").orBare().hide();
    }

    static Option dockerUsername() {
        return text("docker-username", "user name for the registry").from("DOCKER_USERNAME").orBare().hide();
    }

    static Option noHttps() {
        return flag("no-https", "use plain HTTP, and do not check certificates").from("NOHTTPS", "NO_HTTPS");
    }

    static Option temporaryDirectory() {
        return text("tmpdir", "directory for what is made on the way").from("TMPDIR").hide();
    }

    static Option fixPermissions() {
        return flag("fix-perms", "let owners read and write everything in an image of layers").from("FIXPERMS");
    }

    static Option force(String description) {
        return flag("force", description).letter('F').from("FORCE");
    }

    static Option library() {
        return text("library", "address of the library, in place of the endpoint's").from("LIBRARY");
    }

    static Option keepLayers() {
        return flag("keep-layers", "keep layers apart in an OCI-SIF").from("KEEP_LAYERS")
                .refuse("OCI-SIF files are not written");
    }

    static Option oci() {
        return flag("oci", "write an OCI-SIF").from("OCI").refuse("OCI-SIF files are not written");
    }

    static Option noOci() {
        return flag("no-oci", "write a plain SIF").from("NO_OCI").moot("plain SIF files are always written");
    }

    static Option[] compression() {
        return new Option[] {
            text("compression", "compat (gzip, every reader takes it), fast (zstd, quick) or small (zstd, thorough)")
                    .from("COMPRESSION").initially("compat"),
            text("block-size", "size of compressed blocks, such as 128K").from("BLOCK_SIZE"),
            number("jobs", "threads that compress; as many as cores unless given").letter('j').from("JOBS"),
            flag("all-root", "let root own everything, as the reference does for users").from("ALL_ROOT"),
        };
    }

    static Option types(String description) {
        return list("type", description).letter('T').initially("all");
    }
}
