package dev.longspan.template;

/** A value that can be called: a function, a method bound to its value, a macro. */
interface Callable {
    /** Calls it. Returns a value of the interpreter. */
    Object call(Rendering rendering, Arguments arguments);

    /** Its name for messages. */
    String name();
}
