package io.sifter.product;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.Set;

/** Arrows point towards {@code spi}; each heavy library has one home. */
@AnalyzeClasses(packages = "io.sifter", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    private static final String[] JDK = {"java..", "javax.."};
    private static final String SPI = "io.sifter.spi..";
    private static final String SQUASHFS = "io.sifter.squashfs..";
    private static final String SIF = "io.sifter.sif..";
    private static final String IMAGE = "io.sifter.image..";
    private static final String NETWORK = "io.sifter.network..";
    private static final String[] TOOLKIT = {SPI, SQUASHFS, SIF, IMAGE, NETWORK};
    private static final String ENGINE = "io.sifter.engine..";
    private static final String CLI = "io.sifter.cli..";
    private static final String[] PLUGINS = {"io.sifter.agent..", "io.sifter.sink..", "io.sifter.runtime.."};
    private static final String TESTKIT = "io.sifter.testkit..";

    @ArchTest
    static final ArchRule theContractNeedsTheJdkAndOneMarker = classes().that().resideInAPackage(SPI)
            .should().onlyDependOnClassesThat(resideInAnyPackage(with(JDK, SPI)).or(named("org.pf4j.ExtensionPoint")));

    @ArchTest
    static final ArchRule squashfsSeesTheContract = ours(SQUASHFS, SPI);

    @ArchTest
    static final ArchRule sifSeesTheContract = ours(SIF, SPI);

    @ArchTest
    static final ArchRule imageSeesSquashfs = ours(IMAGE, SPI, SQUASHFS);

    @ArchTest
    static final ArchRule networkSeesImage = ours(NETWORK, SPI, IMAGE);

    @ArchTest
    static final ArchRule theEngineSeesTheToolkit = ours(ENGINE, TOOLKIT);

    @ArchTest
    static final ArchRule agentsAndPluginsSeeTheToolkit = classes().that().resideInAnyPackage(PLUGINS)
            .should().onlyDependOnClassesThat(resideInAnyPackage(with(TOOLKIT, PLUGINS)).or(resideInAnyPackage(JDK)));

    @ArchTest
    static final ArchRule agentsDoNotSeeEachOther = slices().matching("io.sifter.agent.(*)..").should().notDependOnEachOther();

    @ArchTest
    static final ArchRule sinksDoNotSeeEachOther = slices().matching("io.sifter.sink.(*)..").should().notDependOnEachOther();

    @ArchTest
    static final ArchRule runtimesDoNotSeeEachOther = slices().matching("io.sifter.runtime.(*)..").should().notDependOnEachOther();

    @ArchTest
    static final ArchRule agentsSinksAndRuntimesAreApart = slices().matching("io.sifter.(agent|sink|runtime)..")
            .should().notDependOnEachOther();

    @ArchTest
    static final ArchRule nobodySeesTheCommandLine = noClasses().that().resideOutsideOfPackage(CLI)
            .should().dependOnClassesThat().resideInAPackage(CLI);

    @ArchTest
    static final ArchRule theProductDoesWithoutTheTestkit = noClasses().that().resideOutsideOfPackages(TESTKIT, "io.sifter.product..")
            .should().dependOnClassesThat().resideInAPackage(TESTKIT);

    @ArchTest
    static final ArchRule httpIsTheNetworks = home(NETWORK, "okhttp3..", "okio..");

    @ArchTest
    static final ArchRule jsonIsTheImages = noClasses().that().resideOutsideOfPackages(IMAGE, "io.sifter.network.mirror..", TESTKIT, "io.sifter.product..")
            .should().dependOnClassesThat().resideInAnyPackage("tools.jackson..", "com.fasterxml..");

    @ArchTest
    static final ArchRule tomlIsTheMirrors = home("io.sifter.network.mirror..", "tools.jackson.dataformat..", "tools.jackson.databind..");

    @ArchTest
    static final ArchRule tarIsTheImages = home(IMAGE, "org.apache.commons.compress..");

    @ArchTest
    static final ArchRule wiringIsTheEngines = home(ENGINE, "com.google..", "jakarta.inject..", "com.typesafe..", "org.snakeyaml..");

    @ArchTest
    static final ArchRule pluginsAreHostedByTheEngine = noClasses().that().resideOutsideOfPackage(ENGINE)
            .should().dependOnClassesThat(resideInAPackage("org.pf4j..").and(not(named("org.pf4j.ExtensionPoint"))));

    @ArchTest
    static final ArchRule optionsAreTheCommandLines = home(CLI, "picocli..");

    @ArchTest
    static final ArchRule codecsAreWhereBlocksAndLayersAreRead = noClasses().that().resideOutsideOfPackages(SQUASHFS, IMAGE)
            .should().dependOnClassesThat().resideInAnyPackage("io.airlift..", "org.tukaani.xz..");

    @ArchTest
    static final ArchRule whatTheToolkitOffersMentionsOnlyTheJdkAndUs = classes().that().resideInAnyPackage(TOOLKIT).and().arePublic()
            .should(mentionOnly(resideInAnyPackage("java..", "javax..", "io.sifter..").or(named("org.pf4j.ExtensionPoint"))));

    @ArchTest
    static final ArchRule packagesFormNoCircles = slices().matching("io.sifter.(*)..").should().beFreeOfCycles();

    private static DescribedPredicate<JavaClass> named(String name) {
        return DescribedPredicate.describe(name, type -> type.getName().equals(name));
    }

    private static String[] with(String[] some, String... more) {
        String[] all = java.util.Arrays.copyOf(some, some.length + more.length);
        System.arraycopy(more, 0, all, some.length, more.length);
        return all;
    }

    /** Of our own classes the package sees these and itself. */
    private static ArchRule ours(String own, String... seen) {
        return noClasses().that().resideInAPackage(own)
                .should().dependOnClassesThat(resideInAPackage("io.sifter..").and(not(resideInAnyPackage(with(seen, own)))));
    }

    private static ArchRule home(String home, String... library) {
        return noClasses().that().resideOutsideOfPackages(home, TESTKIT, "io.sifter.product..")
                .should().dependOnClassesThat().resideInAnyPackage(library).allowEmptyShould(true);
    }

    private static ArchCondition<JavaClass> mentionOnly(DescribedPredicate<JavaClass> allowed) {
        return new ArchCondition<>("mention only the JDK and us where others see it") {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                for (JavaCodeUnit unit : type.getCodeUnits()) {
                    if (seen(unit.getModifiers())) {
                        unit.getAllInvolvedRawTypes().forEach(mentioned -> require(type, unit.getFullName(), mentioned, events));
                    }
                }
                for (JavaField field : type.getFields()) {
                    if (seen(field.getModifiers())) {
                        field.getAllInvolvedRawTypes().forEach(mentioned -> require(type, field.getFullName(), mentioned, events));
                    }
                }
                type.getRawInterfaces().forEach(above -> require(type, type.getName(), above, events));
                type.getRawSuperclass().ifPresent(above -> require(type, type.getName(), above, events));
            }

            private boolean seen(Set<JavaModifier> modifiers) {
                return modifiers.contains(JavaModifier.PUBLIC) || modifiers.contains(JavaModifier.PROTECTED);
            }

            private void require(JavaClass type, String place, JavaClass mentioned, ConditionEvents events) {
                JavaClass base = mentioned.getBaseComponentType();
                if (!base.isPrimitive() && !allowed.test(base)) {
                    events.add(SimpleConditionEvent.violated(type, place + " mentions " + base.getName()));
                }
            }
        };
    }
}
