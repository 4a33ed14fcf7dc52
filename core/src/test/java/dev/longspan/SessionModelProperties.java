package dev.longspan;

import dev.longspan.tck.TemplateKind;
import java.util.function.Consumer;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.Tuple;
import net.jqwik.api.state.Action;
import net.jqwik.api.state.ActionChain;
import net.jqwik.api.state.Transformer;

/** After any operations on sessions their state is what reading their history afresh would give. */
class SessionModelProperties {
    private static final int OPERATIONS = 100;

    @Provide
    Arbitrary<ActionChain<SessionWorld>> stable() {
        return chains(TemplateKind.STABLE);
    }

    @Provide
    Arbitrary<ActionChain<SessionWorld>> thinkOpening() {
        return chains(TemplateKind.THINK_OPENING);
    }

    @Provide
    Arbitrary<ActionChain<SessionWorld>> historyRewriting() {
        return chains(TemplateKind.HISTORY_REWRITING);
    }

    private static Arbitrary<ActionChain<SessionWorld>> chains(TemplateKind template) {
        Arbitrary<Long> seeds = Arbitraries.longs();
        Arbitrary<Transformer<SessionWorld>> operations = Arbitraries.frequency(
                        Tuple.of(8, "send"),
                        Tuple.of(4, "cancel"),
                        Tuple.of(3, "append"),
                        Tuple.of(3, "fail"),
                        Tuple.of(3, "rollback"),
                        Tuple.of(2, "again"),
                        Tuple.of(1, "resize"),
                        Tuple.of(2, "fork"),
                        Tuple.of(2, "save"),
                        Tuple.of(2, "load"),
                        Tuple.of(1, "close"),
                        Tuple.of(2, "concurrent"),
                        Tuple.of(1, "restart"))
                .map(SessionModelProperties::operation);
        return seeds.flatMap(seed -> ActionChain.<SessionWorld>startWith(() -> new SessionWorld(template, seed))
                .withAction(8, (Action.Independent<SessionWorld>) () -> operations)
                .withMaxTransformations(OPERATIONS));
    }

    private static Transformer<SessionWorld> operation(String name) {
        Consumer<SessionWorld> step = switch (name) {
            case "send" -> SessionWorld::send;
            case "cancel" -> SessionWorld::cancel;
            case "append" -> SessionWorld::append;
            case "fail" -> SessionWorld::fail;
            case "rollback" -> SessionWorld::rollback;
            case "again" -> SessionWorld::again;
            case "resize" -> SessionWorld::resize;
            case "fork" -> SessionWorld::fork;
            case "save" -> SessionWorld::save;
            case "load" -> SessionWorld::load;
            case "close" -> SessionWorld::closeOne;
            case "concurrent" -> SessionWorld::concurrent;
            case "restart" -> SessionWorld::restart;
            default -> throw new IllegalArgumentException(name);
        };
        return Transformer.mutate(name, world -> {
            step.accept(world);
            world.check();
        });
    }

    private static void run(ActionChain<SessionWorld> chain) {
        SessionWorld[] world = new SessionWorld[1];
        try {
            chain.withInvariant(each -> world[0] = each).run();
        } finally {
            if (world[0] != null) {
                world[0].close();
            }
        }
    }

    @Property(tries = 34, shrinking = ShrinkingMode.OFF)
    void withAStableTemplate(@ForAll("stable") ActionChain<SessionWorld> chain) {
        run(chain);
    }

    @Property(tries = 33, shrinking = ShrinkingMode.OFF)
    void withATemplateThatOpensThinking(@ForAll("thinkOpening") ActionChain<SessionWorld> chain) {
        run(chain);
    }

    @Property(tries = 33, shrinking = ShrinkingMode.OFF)
    void withATemplateThatRewritesHistory(@ForAll("historyRewriting") ActionChain<SessionWorld> chain) {
        run(chain);
    }
}
