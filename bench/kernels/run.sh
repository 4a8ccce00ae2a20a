#!/bin/sh
# Runs the packed kernel bench: sh run.sh [--mebibytes 128] [--rounds 7] [--repeats 50] [--no-points]
# `sh run.sh unpack [--rows 768] [--columns 1024]` runs the conversions of bench/kernels/unpack.ts instead.
set -eu
program=kernels
if [ "${1:-}" = unpack ]; then program=unpack; shift; fi
here=$(cd "$(dirname "$0")" && pwd)
work=${TMPDIR:-/tmp}/kernels-bench.$$
mkdir -p "$work"
trap 'rm -rf "$work"' EXIT
unpack() { xz -dc "$1" 2>/dev/null || python3 -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.argv[1]), sys.stdout.buffer)' "$1"; }
cp -r "$here/webgpu" "$work/"
unpack "$here/dawn.node.xz" > "$work/webgpu/dist/linux-x64/dawn.node"
unpack "$here/node.xz" > "$work/node"
chmod +x "$work/node"
LD_LIBRARY_PATH="$here/lib:${LD_LIBRARY_PATH:-}" WEBGPU_MODULE="$work/webgpu/index.js" "$work/node" "$here/$program.mjs" "$@"
