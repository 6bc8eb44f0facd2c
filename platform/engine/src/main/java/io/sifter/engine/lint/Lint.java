package io.sifter.engine.lint;

import io.sifter.engine.build.LocalImage;
import io.sifter.engine.definition.Definition;
import io.sifter.image.document.Documents;
import io.sifter.image.document.ImageConfig;
import io.sifter.image.document.MediaTypes;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.reference.Reference;
import io.sifter.spi.source.Document;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Checks images and definitions against the best practices of the user guide. What it says are signs, found without running anything: a report that
 * is empty is no proof. Stateless; any thread.
 */
public final class Lint {
    private static final List<Practice> PRACTICES = List.of(new UserPractice(), new SourcePractice(), new EnvironmentPractice(), new HomePractice(),
            new ReadOnlyPractice(), new LdconfigPractice(), new SecretsPractice(), new ExecutionPractice());
    /** What an image's own definition still tells; everything else shows in the image itself. */
    private static final Set<Check> OF_KEPT_DEFINITION = EnumSet.of(Check.SOURCE, Check.SECRETS);

    private Lint() {}

    /** @param file for places */
    public static Report definition(String file, Definition definition, Set<Check> checks) {
        Findings findings = new Findings(checks);
        check(new DefinitionSubject(definition, (line, column) -> new Place.InFile(file, line, column)), findings);
        return new Report(file, checks, findings.list());
    }

    private static void check(DefinitionSubject definition, Findings findings) {
        List<Script> scripts = definition.scripts();
        for (Practice practice : PRACTICES) {
            practice.definition(definition, findings);
            scripts.forEach(script -> practice.script(script, findings));
        }
    }

    /** @throws CorruptDataException if what is read of the image is damaged */
    public static Report image(LintedImage image, Set<Check> checks) throws IOException {
        ImageSubject subject = new ImageSubject(image);
        Findings findings = new Findings(checks);
        for (Practice practice : PRACTICES) {
            practice.image(subject, findings);
            subject.scripts().forEach(script -> practice.script(script, findings));
        }
        Optional<DefinitionSubject> kept = subject.definition();
        if (kept.isPresent()) {
            Set<Check> left = EnumSet.copyOf(OF_KEPT_DEFINITION);
            left.retainAll(checks);
            Findings more = new Findings(left);
            check(kept.get(), more);
            more.list().forEach(finding -> findings.add(finding.check(), finding.place(), finding.what(), finding.instead()));
        }
        return new Report(image.name(), checks, findings.list());
    }

    /**
     * @param name as it was called
     * @param reference that it came by, if it did
     * @throws CorruptDataException if what is read of the image is damaged
     */
    public static Report image(String name, Optional<Reference> reference, LocalImage image, Set<Check> checks) throws IOException {
        try {
            Optional<ImageConfig> config = image.ociConfig().isEmpty() ? Optional.empty() : Optional.of(config(image.ociConfig().get()));
            return image(new LintedImage(name, reference, image.tree().root(), config, List.of(), 0), checks);
        } catch (CorruptDataException e) {
            throw image.damaged(e);
        }
    }

    /** The document of a SIF is the member {@code config} alone. */
    private static ImageConfig config(byte[] member) throws CorruptDataException {
        ByteArrayOutputStream whole = new ByteArrayOutputStream(member.length + 12);
        whole.writeBytes("{\"config\":".getBytes(StandardCharsets.UTF_8));
        whole.writeBytes(member);
        whole.write('}');
        return Documents.parseConfig(Document.of(MediaTypes.OCI_CONFIG, whole.toByteArray()));
    }
}
