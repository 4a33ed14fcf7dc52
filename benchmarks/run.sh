#!/usr/bin/env bash
# Builds and runs the benchmarks.
#
#   benchmarks/run.sh [-Dlongspan.bench.model=DIR] [pattern] [JMH options]     JMH; without a pattern all benchmarks
#   benchmarks/run.sh program NAME [arguments]                                 SyntheticHybrid, KeysTouched, PeerTable, SnapshotRate, HttpCost
#
# LONGSPAN_SKIP_BUILD=1 runs what was built last. JAVA_OPTS go to the JVM and, through it, to JMH's forks.
# Models are written under benchmarks/target/models, or where -Dlongspan.bench.models=DIR in JAVA_OPTS says.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"

if [ -z "${LONGSPAN_SKIP_BUILD:-}" ]; then
    (cd "$here/.." && ./mvnw -q -B -Prun-benchmarks -pl benchmarks -am -DskipTests package)
fi

read -r -a java_options <<<"${JAVA_OPTS:-}"
command=("${JAVA_HOME:+$JAVA_HOME/bin/}java" -Dorg.slf4j.simpleLogger.defaultLogLevel=warn
    "-Dlongspan.bench.models=$here/target/models" "-Dlongspan.bench.root=$here/.." "${java_options[@]}" -cp "$here/target/classes:$here/target/lib/*")

if [ "${1:-}" = program ]; then
    shift
    exec "${command[@]}" "dev.longspan.benchmarks.$1" "${@:2}"
fi

arguments=()
for argument in "$@"; do
    case "$argument" in
        -Dlongspan.bench.model=*) arguments+=(-p "model=${argument#*=}") ;;
        *) arguments+=("$argument") ;;
    esac
done
exec "${command[@]}" org.openjdk.jmh.Main "${arguments[@]}"
