package dev.longspan.template;

/**
 * What a missing name, attribute or element gives: prints as nothing, is false and empty, and fails in any other use.
 *
 * @param problem what to say when it is used
 */
record Undefined(String problem) {
    static Undefined name(String name) {
        return new Undefined("'" + name + "' is undefined");
    }

    static Undefined attribute(Object of, String name) {
        return new Undefined(describe(of) + " has no attribute '" + name + "'");
    }

    static Undefined element(Object of, String key) {
        return new Undefined(describe(of) + " has no element " + key);
    }

    static Undefined forbidden(Object of, String name) {
        return new Undefined("access to attribute '" + name + "' of '" + Types.name(of)
                + "' object is unsafe: a template may not" + " change the values it is given");
    }

    private static String describe(Object of) {
        return of == None.NONE ? "'None'" : "'" + Types.name(of) + " object'";
    }

    Fault fault() {
        return Fault.evaluation(problem);
    }
}
