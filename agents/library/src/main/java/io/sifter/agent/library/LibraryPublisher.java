package io.sifter.agent.library;

import io.sifter.network.json.JsonObject;
import io.sifter.sif.DataType;
import io.sifter.sif.SifDescriptor;
import io.sifter.sif.SifImage;
import io.sifter.spi.Publisher;
import io.sifter.spi.PublisherContext;
import io.sifter.spi.error.UserException;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Reference;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/** Puts SIF files into libraries, searches them, and deletes from them. */
public final class LibraryPublisher implements Publisher {
    private static final int LEAST_QUERY = 3;
    private static final String NO_DESCRIPTION = "No description";

    private final PublisherContext context;

    public LibraryPublisher(PublisherContext context) {
        this.context = Objects.requireNonNull(context);
    }

    @Override
    public void publish(Path file, Reference target, PublishOptions options) throws IOException, InterruptedException {
        LibraryName name = LibraryName.parse(target);
        String[] path = name.path().split("/");
        if (path.length != 3 || name.tags().stream().anyMatch(tag -> tag.startsWith("sha256."))) {
            throw new UserException("Malformed library reference: " + target, "Images are pushed to library://entity/collection/container[:tag].");
        }
        SifImage.require(file);
        String architecture = architecture(file, options.allowUnsigned());
        Library library = Library.ofEndpoint(context.web(), context.services(), options.plainHttp());
        if (name.host().isPresent() && !name.host().get().equals(library.service().url().getAuthority())) {
            throw new UserException("push to location other than current remote is not supported: " + name.host().get(),
                    "Choose the remote that it belongs to with 'remote use', and leave the host out.");
        }
        requireToken(library);
        String container = container(library, path, options.description().orElse(NO_DESCRIPTION));
        LibraryUpload upload = LibraryUpload.of(library, file, context.events());
        upload.run(name.path(), container, architecture, options.description().orElse(NO_DESCRIPTION));
        for (String tag : name.tags()) {
            say("Setting tag " + tag);
            library.send("POST", "v2/tags/" + container, Body.of(Map.of("Arch", architecture, "Tag", tag, "ImageID", upload.id())));
        }
    }

    private void say(String message) {
        context.events().accept(Event.info(message));
    }

    private static void requireToken(Library library) throws UserException {
        if (library.service().token().isEmpty()) {
            throw new UserException("Cannot push image to library: no authentication token, log in with `singularity remote login`",
                    "A library that --library names gets no token; add it with 'remote add' instead.");
        }
    }

    /** The architecture that the image runs on. */
    private String architecture(Path file, boolean allowUnsigned) throws IOException {
        try (SifImage image = SifImage.open(file)) {
            SifDescriptor partition = image.primaryPartition().orElseThrow(() -> new UserException(
                    "%s has no primary system partition".formatted(file), "Only images that can be run go into a library."));
            boolean signed = image.descriptors().stream().anyMatch(object -> object.type() == DataType.SIGNATURE);
            if (!signed && !allowUnsigned) {
                throw new UserException("Unable to upload container: unable to verify signature: %s is not signed".formatted(file),
                        "TIP: You can push unsigned images with 'singularity push -U %s'.".formatted(file));
            }
            if (!signed) {
                context.events().accept(Event.warning("Skipping container verification"));
            }
            return partition.architecture().toString();
        }
    }

    /** The id of the container, made with all that is above it where it is missing. */
    private static String container(Library library, String[] path, String description) throws IOException, InterruptedException {
        String entity = part(library, "entities", path[0], path[0], "", "", NO_DESCRIPTION);
        String collection = part(library, "collections", path[0] + "/" + path[1], path[1], "entity", entity, NO_DESCRIPTION);
        return part(library, "containers", String.join("/", path), path[2], "collection", collection, description);
    }

    private static String part(Library library, String kind, String path, String name, String parent, String parentId, String description)
            throws IOException, InterruptedException {
        Optional<JsonObject> found = library.get("v1/" + kind + "/" + path);
        if (found.isEmpty()) {
            Map<String, Object> members = new TreeMap<>(Map.of("name", name, "description", description));
            if (!parent.isEmpty()) {
                members.put(parent, parentId);
            }
            found = Optional.of(library.send("POST", "v1/" + kind, Body.of(members)));
        }
        return found.get().text("id").orElse(path);
    }

    @Override
    public String delete(Reference image, String architecture, boolean plainHttp) throws IOException, InterruptedException {
        LibraryName name = LibraryName.parse(image);
        Library library = Library.of(context.web(), context.services(), name, plainHttp);
        library.send("DELETE", "v1/images/" + name + "?arch=" + Library.encoded(architecture), "");
        return "%s (%s)".formatted(name, architecture);
    }

    @Override
    public List<Found> search(String query, SearchOptions options) throws IOException, InterruptedException {
        if (query.length() < LEAST_QUERY) {
            throw new UserException("bad query '%s'. You must search for at least 3 characters".formatted(query));
        }
        Library library = Library.ofEndpoint(context.web(), context.services(), false);
        JsonObject data = library.get("v1/search?value=%s&arch=%s%s".formatted(Library.encoded(query), Library.encoded(options.architecture()),
                options.signed() ? "&signed=true" : "")).orElseThrow(() -> new UserException("This library cannot be searched"));
        List<Found> found = new ArrayList<>();
        for (JsonObject image : data.children("image")) {
            String path = "library://%s/%s/%s".formatted(image.text("entityName").orElse(""), image.text("collectionName").orElse(""),
                    image.text("containerName").orElse(""));
            List<String> tags = texts(image, "tags");
            found.add(new Found(printable(tags.isEmpty() ? path + ":" + image.text("hash").orElse("") : path + ":" + String.join(",", tags)),
                    image.text("description").filter(text -> !text.equalsIgnoreCase(NO_DESCRIPTION)).map(LibraryPublisher::printable),
                    texts(image, "fingerprints").stream().map(LibraryPublisher::printable).toList()));
        }
        return found;
    }

    private static List<String> texts(JsonObject object, String name) {
        return object.members().get(name) instanceof List<?> list ? list.stream().filter(String.class::isInstance).map(String.class::cast).toList() : List.of();
    }

    /** Text of strangers must not move the cursor. */
    private static String printable(String text) {
        return text.replaceAll("\\p{Cntrl}", " ");
    }
}
