#!/usr/bin/env bash
# Checks the TVM backend on this machine's GPU: the conformance kit, then the benchmarks, then a report, as Markdown and JSON.
#
#   check.sh OUTPUT_FOLDER [kit|benchmarks [LAYERS [TOKENS ...]]]
#
# Packed by benchmarks/gpu/pack.sh; it needs an NVIDIA driver and nothing else. Where there is Python with PyTorch the ceilings of the
# machine are measured with it, in the same run.
set -uo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
output="$1"
what="${2:-all}"
mkdir -p "$output"
export XDG_CACHE_HOME="${XDG_CACHE_HOME:-$output/cache}"
java=("$here/jre/bin/java" -Xmx16g -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$here/lib/*:$here/natives")

{
    echo "# Check on a GPU"
    echo
    nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
    if [ "$what" != benchmarks ]; then
        "${java[@]}" dev.longspan.tck.Main --backend tvm --device cuda --memory-setting memoryLimitBytes --other reference \
            --report "$output/kit.json" > "$output/kit.txt" 2>&1
        echo
        echo "The conformance kit: $(tail -1 "$output/kit.txt")"
        grep -A2 FAILED "$output/kit.txt"
    fi
    if [ "$what" != kit ]; then
        echo
        if python3 -c 'import torch' 2> /dev/null; then
            python3 "$here/ceilings.py"
        else
            echo "The machine's ceilings were not measured: there is no PyTorch."
        fi
        echo
        "${java[@]}" "-Dlongspan.bench.report=$output/benchmarks.json" dev.longspan.benchmarks.GpuBenchmark "${@:3}"
    fi
} | tee "$output/REPORT.md"
