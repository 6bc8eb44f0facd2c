package io.sifter.image.archive;

import io.sifter.image.document.Documents;
import io.sifter.image.document.Json;
import io.sifter.image.layer.Decompressed;
import io.sifter.image.tar.TarEntry;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.reference.Digest;
import io.sifter.spi.source.Layer;
import io.sifter.spi.source.LayerSequence;
import io.sifter.spi.tree.RawName;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Recognises layers in what {@code docker save} sends while it comes, before the list that says what is what, which stands at the
 * end. For one reading.
 *
 * <p>Podman names layers by DiffID, Docker since version 25 as well. Docker before that names a layer's directory by the hash of what
 * it writes into its file {@code json}, together with the layer's chain id (OCI image specification, config, "Layer ChainID"): the right
 * chain id is the one that gives the name. Where images are kept compressed (Docker's containerd store) layers come by the digest of
 * what is sent, and their DiffID shows when they are read.
 */
public final class SavedLayers {
    private static final Pattern LEGACY = Pattern.compile("([0-9a-f]{64})/(json|layer\\.tar)");
    private static final Pattern BY_DIFF_ID = Pattern.compile("(?:blobs/sha256/)?([0-9a-f]{64})(?:\\.tar)?");
    private static final int MAGIC = 6;

    private final List<Digest> diffIds;
    private final Map<String, Digest> directories = new HashMap<>();

    private SavedLayers(List<Digest> diffIds) {
        this.diffIds = diffIds;
    }

    /**
     * The layers that come by in an archive.
     *
     * @param diffIds of the image, lowest layer first
     */
    public static LayerSequence in(InputStream archive, List<Digest> diffIds) {
        SavedLayers layers = new SavedLayers(List.copyOf(diffIds));
        return new TarSequence(archive, (entry, _, content) -> layers.recognise(entry, content));
    }

    private Optional<Layer> recognise(TarEntry entry, InputStream content) throws IOException {
        if (entry.kind() != TarEntry.Kind.REGULAR) {
            return Optional.empty();
        }
        String name = RawName.display(entry.name()).replaceFirst("^(\\./)+", "");
        Matcher legacy = LEGACY.matcher(name);
        if (legacy.matches()) {
            String id = legacy.group(1);
            if (legacy.group(2).equals("json")) {
                Optional<Digest> diffId = entry.size() > Documents.MAX_CONFIG_SIZE ? Optional.empty() : named(id, content.readAllBytes());
                diffId.ifPresent(known -> directories.put(id, known));
                return Optional.empty();
            }
            return Optional.ofNullable(directories.get(id)).map(diffId -> layer(Optional.empty(), Optional.of(diffId), entry, content));
        }
        Matcher named = BY_DIFF_ID.matcher(name);
        if (!named.matches()) {
            return Optional.empty();
        }
        Digest digest = Digest.parse("sha256:" + named.group(1));
        if (diffIds.contains(digest)) {
            return Optional.of(layer(Optional.empty(), Optional.of(digest), entry, content));
        }
        byte[] head = content.readNBytes(MAGIC);
        return Decompressed.compressed(head)
                ? Optional.of(layer(Optional.of(digest), Optional.empty(), entry, new SequenceInputStream(new ByteArrayInputStream(head), content)))
                : Optional.empty();
    }

    private static Layer layer(Optional<Digest> digest, Optional<Digest> diffId, TarEntry entry, InputStream content) {
        return new Layer("", digest, OptionalLong.of(entry.size()), diffId, TarSequence.once(content), true);
    }

    /** Which layer is in the directory {@code id}, by what its {@code json} says. */
    private Optional<Digest> named(String id, byte[] json) throws CorruptDataException {
        if (!(Json.parse(json, id + "/json") instanceof Map<?, ?> members)) {
            return Optional.empty();
        }
        Map<String, Object> hashed = new TreeMap<>(Json.MEMBER_ORDER);
        members.forEach((name, value) -> hashed.put((String) name, value));
        hashed.remove("id");
        hashed.computeIfPresent("parent", (_, parent) -> "sha256:" + parent);
        String chain = "";
        for (Digest diffId : diffIds) {
            chain = chain.isEmpty() ? diffId.toString() : Digest.sha256((chain + " " + diffId).getBytes(StandardCharsets.UTF_8)).toString();
            hashed.put("layer_id", chain);
            Map<String, Object> withoutSystem = new TreeMap<>(hashed);
            // Hashed of the uppermost layer, which has all the configuration, and added later to the others.
            withoutSystem.remove("os");
            if (Digest.sha256(Json.compact(hashed)).hex().equals(id) || Digest.sha256(Json.compact(withoutSystem)).hex().equals(id)) {
                return Optional.of(diffId);
            }
        }
        return Optional.empty();
    }
}
