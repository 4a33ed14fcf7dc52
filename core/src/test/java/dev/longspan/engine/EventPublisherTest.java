package dev.longspan.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.testng.TestListenerAdapter;
import org.testng.TestNG;

class EventPublisherTest {
    @Test
    void keepsTheRulesOfReactiveStreams() {
        TestListenerAdapter results = new TestListenerAdapter();
        TestNG kit = new TestNG(false);
        kit.setTestClasses(new Class<?>[] {EventPublisherVerification.class});
        kit.addListener(results);
        kit.setVerbose(0);
        kit.run();
        assertThat(results.getFailedTests())
                .extracting(test -> test.getName() + ": " + test.getThrowable())
                .isEmpty();
        assertThat(results.getConfigurationFailures()).isEmpty();
        List<String> passed =
                results.getPassedTests().stream().map(test -> test.getName()).toList();
        assertThat(passed)
                .as("the required rules were really tried")
                .filteredOn(name -> name.startsWith("required_"))
                .hasSizeGreaterThan(20);
    }
}
