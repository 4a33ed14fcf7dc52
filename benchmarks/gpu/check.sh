#!/usr/bin/env bash
# Checks the TVM backend on this machine's GPU: the conformance kit, then the benchmarks, then a report.
#
#   check.sh OUTPUT_FOLDER [kit|benchmarks]
#
# Packed by benchmarks/gpu/pack.sh; it needs an NVIDIA driver and nothing else.
set -uo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
output="$1"
what="${2:-all}"
mkdir -p "$output"
export XDG_CACHE_HOME="$output/cache"
java=("$here/jre/bin/java" -Xmx32g -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$here/lib/*:$here/natives")

if [ "$what" != benchmarks ]; then
    "${java[@]}" dev.longspan.tck.Main --backend tvm --device cuda --memory-setting memoryLimitBytes --other reference \
        --report "$output/kit.json" | tee "$output/kit.txt"
    echo "the conformance kit ended with ${PIPESTATUS[0]}"
fi
