package dev.longspan.it;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.longspan.spi.LongspanException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

class HouseRulesTest {
    private static final String SPI = "dev.longspan.spi..";
    private static final String REFERENCE = "dev.longspan.reference..";
    private static final String TVM = "dev.longspan.tvm..";
    private static final String KIT = "dev.longspan.tck..";
    private static final String CLI = "dev.longspan.cli..";
    private static final String HTTP = "dev.longspan.http..";

    private static final JavaClasses ALL = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dev.longspan");

    /** Core is what lies in dev.longspan and belongs to no other module. */
    private static final DescribedPredicate<JavaClass> CORE = describe(
            "core",
            type -> resideInAPackage("dev.longspan..").test(type)
                    && !resideInAnyPackage(
                                    SPI,
                                    REFERENCE,
                                    TVM,
                                    KIT,
                                    CLI,
                                    HTTP,
                                    "dev.longspan.it..",
                                    "dev.longspan.benchmarks..")
                            .test(type));

    private static final DescribedPredicate<JavaClass> CORE_INTERNALS = describe(
            "core's internals",
            type -> CORE.test(type) && !type.getPackageName().equals("dev.longspan"));

    /** The kit has an entry of its own, and looks at what a backend prints. */
    private static final Set<String> PRINTING = Set.of("dev.longspan.tck.Main", "dev.longspan.tck.LifecycleRules");

    private static final DescribedPredicate<JavaClass> LIBRARIES =
            describe("the libraries", type -> !resideInAPackage(CLI).test(type) && !PRINTING.contains(type.getName()));

    @Test
    void everyModuleIsReallyLookedAt() {
        Map<String, Integer> floors = new LinkedHashMap<>();
        floors.put(SPI, 45);
        floors.put(REFERENCE, 20);
        floors.put(TVM, 30);
        floors.put(KIT, 10);
        floors.put(CLI, 18);
        floors.put(HTTP, 30);
        floors.forEach((place, floor) -> assertThat(count(resideInAPackage(place)))
                .as("classes of %s", place)
                .isGreaterThanOrEqualTo(floor));
        assertThat(count(CORE)).as("classes of core").isGreaterThanOrEqualTo(60);
    }

    @Test
    void theSpiDependsOnNothingOfOurs() {
        noClasses()
                .that()
                .resideInAPackage(SPI)
                .should()
                .dependOnClassesThat(describe(
                        "ours outside the SPI",
                        type -> resideInAPackage("dev.longspan..").test(type)
                                && !resideInAPackage(SPI).test(type)))
                .check(ALL);
    }

    @Test
    void coreKnowsNoBackendNoKitAndNoCommand() {
        noClasses()
                .that(CORE)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(REFERENCE, TVM, KIT, CLI, HTTP)
                .check(ALL);
    }

    @Test
    void aBackendKnowsTheSpiAlone() {
        noClasses()
                .that()
                .resideInAPackage(REFERENCE)
                .should()
                .dependOnClassesThat(CORE.or(resideInAnyPackage(TVM, KIT, CLI, HTTP)))
                .check(ALL);
        noClasses()
                .that()
                .resideInAPackage(TVM)
                .should()
                .dependOnClassesThat(CORE.or(resideInAnyPackage(REFERENCE, KIT, CLI, HTTP)))
                .check(ALL);
    }

    @Test
    void theKitKnowsTheSpiAlone() {
        noClasses()
                .that()
                .resideInAPackage(KIT)
                .should()
                .dependOnClassesThat(CORE.or(resideInAnyPackage(REFERENCE, TVM, CLI, HTTP)))
                .check(ALL);
    }

    @Test
    void theServerUsesCoresPublicPackageOnly() {
        noClasses()
                .that()
                .resideInAPackage(HTTP)
                .should()
                .dependOnClassesThat(CORE_INTERNALS.or(resideInAnyPackage(REFERENCE, TVM, KIT, CLI)))
                .check(ALL);
    }

    @Test
    void theCommandUsesPublicPackagesOnly() {
        DescribedPredicate<JavaClass> internalsOfTheServer = describe(
                "the server's internals",
                type -> resideInAPackage(HTTP).test(type)
                        && !type.getPackageName().equals("dev.longspan.http"));
        noClasses()
                .that()
                .resideInAPackage(CLI)
                .should()
                .dependOnClassesThat(
                        CORE_INTERNALS.or(internalsOfTheServer).or(resideInAnyPackage(REFERENCE, TVM, KIT)))
                .check(ALL);
    }

    @Test
    void librariesNeitherPrintNorExit() {
        noClasses()
                .that(LIBRARIES)
                .should()
                .accessField(System.class, "out")
                .orShould()
                .accessField(System.class, "err")
                .orShould()
                .callMethod(System.class, "exit", int.class)
                .orShould()
                .callMethod(Runtime.class, "exit", int.class)
                .orShould()
                .callMethod(Runtime.class, "halt", int.class)
                .orShould()
                .callMethod(Throwable.class, "printStackTrace")
                .check(ALL);
    }

    @Test
    void onlyTheEntriesOfCommandsExit() {
        noClasses()
                .that()
                .doNotHaveFullyQualifiedName("dev.longspan.cli.Main")
                .and()
                .doNotHaveFullyQualifiedName("dev.longspan.tck.Main")
                .should()
                .callMethod(System.class, "exit", int.class)
                .check(ALL);
    }

    @Test
    void nobodyUsesReflection() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAPackage("java.lang.reflect..")
                .orShould()
                .callMethod(Class.class, "forName", String.class)
                .orShould()
                .callMethod(Class.class, "forName", String.class, boolean.class, ClassLoader.class)
                .orShould()
                .callMethod(ClassLoader.class, "loadClass", String.class)
                .check(ALL);
    }

    @Test
    void thereIsNoStaticStateThatChanges() {
        DescribedPredicate<JavaField> written =
                describe("written by people", field -> !field.getModifiers().contains(JavaModifier.SYNTHETIC));
        fields().that(written).and().areStatic().should().beFinal().check(ALL);
    }

    @Test
    void publicExceptionsHaveOneRoot() {
        classes()
                .that()
                .areAssignableTo(Throwable.class)
                .and()
                .arePublic()
                .should()
                .beAssignableTo(describe(
                        "LongspanException, or AssertionError in the kit",
                        type -> type.isAssignableTo(LongspanException.class)
                                || resideInAPackage(KIT)
                                        .and(assignableTo(AssertionError.class))
                                        .test(type)))
                .check(ALL);
    }

    @Test
    void namesSayWhatAThingIs() {
        noClasses()
                .should()
                .haveSimpleNameEndingWith("Utils")
                .orShould()
                .haveSimpleNameEndingWith("Util")
                .orShould()
                .haveSimpleNameEndingWith("Helper")
                .orShould()
                .haveSimpleNameEndingWith("Manager")
                .orShould()
                .haveSimpleNameEndingWith("Impl")
                .check(ALL);
    }

    @Test
    void everyPackageSaysWhereNullMayBe() {
        Set<String> unmarked = new TreeSet<>();
        for (JavaClass type : ALL) {
            JavaPackage home = type.getPackage();
            if (!home.isAnnotatedWith(NullMarked.class)) {
                unmarked.add(home.getName());
            }
        }
        assertThat(unmarked).as("packages without @NullMarked").isEmpty();
    }

    private static long count(DescribedPredicate<? super JavaClass> which) {
        return ALL.stream().filter(which).count();
    }
}
