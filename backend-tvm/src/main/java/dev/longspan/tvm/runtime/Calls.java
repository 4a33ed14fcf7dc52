package dev.longspan.tvm.runtime;

/** What a call of TVM's C API answered. */
final class Calls {
    private static final int MOST_LINES = 6;

    private Calls() {}

    /** Throws TVM's own words if a call failed. On the thread of the call. */
    static void check(int answer) {
        if (answer == 0) {
            return;
        }
        String error = TvmApi.TVMGetLastError();
        StringBuilder message = new StringBuilder();
        String.valueOf(error)
                .lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty() && !line.startsWith("Stack trace") && !line.matches("\\d+:.*"))
                .limit(MOST_LINES)
                .forEach(
                        line -> message.append(message.length() == 0 ? "" : " ").append(line));
        throw new TvmException(message.toString());
    }
}
