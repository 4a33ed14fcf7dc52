#!/usr/bin/env bash
# Packs what a machine with an NVIDIA driver and no Java needs to check this backend on its GPU.
#
#   benchmarks/gpu/pack.sh [FOLDER]        benchmarks/target/gpu by default; FOLDER.tar.xz is to be unpacked there, for check.sh in it
#
# LONGSPAN_CUDART=FILE names a libcudart.so.12; else it is taken from org.bytedeco:cuda-redist (360 MB, once).
# LONGSPAN_SKIP_BUILD=1 packs what was built last.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
root="$here/../.."
folder="${1:-$root/benchmarks/target/gpu}"
java_home="${JAVA_HOME:-$(dirname "$(dirname "$(readlink -f "$(command -v java)")")")}"

if [ -z "${LONGSPAN_SKIP_BUILD:-}" ]; then
    rm -rf "$root/benchmarks/target/lib"
    (cd "$root" && ./mvnw -q -B -Prun-benchmarks -pl benchmarks -am -DskipTests package)
fi
rm -rf "$folder"
mkdir -p "$folder/lib" "$folder/natives"

"$java_home/bin/jlink" --add-modules java.base,java.logging,java.management,java.net.http,java.xml,jdk.management,jdk.unsupported \
    --strip-debug --no-header-files --no-man-pages --compress=2 --output "$folder/jre"

for jar in "$root"/benchmarks/target/lib/*.jar "$root"/benchmarks/target/longspan-benchmarks-*.jar; do
    case "$(basename "$jar")" in
        tvm-*) unzip -q -o "$jar" org/bytedeco/tvm/linux-x86_64-gpu/libtvm_runtime.so -d "$folder/natives" ;;
        longspan-spi-* | longspan-backend-* | longspan-conformance-* | longspan-benchmarks-* | jackson-* | jna-* | slf4j-*) cp "$jar" "$folder/lib/" ;;
    esac
done

cudart="org/bytedeco/cuda/linux-x86_64/libcudart.so.12"
if [ -n "${LONGSPAN_CUDART:-}" ]; then
    mkdir -p "$folder/natives/$(dirname "$cudart")"
    cp "$LONGSPAN_CUDART" "$folder/natives/$cudart"
else
    redist="$root/benchmarks/target/cuda-redist.jar"
    [ -f "$redist" ] || (cd "$root" && ./mvnw -q -B dependency:copy -Dmdep.stripVersion=false \
        -Dartifact=org.bytedeco:cuda-redist:12.9-9.10-1.5.12:jar:linux-x86_64 -DoutputDirectory="$root/benchmarks/target/redist" \
        && mv "$root"/benchmarks/target/redist/cuda-redist-*.jar "$redist")
    unzip -q -o "$redist" "$cudart" -d "$folder/natives"
fi
cp "$here/check.sh" "$here/ceilings.py" "$folder/"
tar -cJf "$folder.tar.xz" -C "$(dirname "$folder")" "$(basename "$folder")"
ls -l "$folder.tar.xz"
