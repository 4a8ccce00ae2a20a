#!/bin/sh
# Packs the kernel bench with Node and Dawn into one folder that runs where neither is installed.
#
#     sh bench/kernels/pack.sh [folder]        (default: dist/kernels-bench)
#
# Needs Node for linux-x64 on the PATH, `npm install --no-save webgpu` (or WEBGPU_DIR naming the package), and xz.
set -eu
out=${1:-dist/kernels-bench}
webgpu=${WEBGPU_DIR:-node_modules/webgpu}
mkdir -p "$out/webgpu/dist/linux-x64" "$out/lib"
for program in kernels kernels/unpack; do
  npx esbuild "bench/$program.ts" --bundle --platform=node --format=esm --target=node20 --external:webgpu \
    --log-level=warning --outfile="$out/${program##*/}.mjs"
done
cp "$webgpu/index.js" "$webgpu/package.json" "$webgpu/LICENSE.md" "$out/webgpu/"
[ -f "$out/dawn.node.xz" ] || xz -9 -T0 -c "$webgpu/dist/linux-x64/dawn.node" > "$out/dawn.node.xz"
[ -f "$out/node.xz" ] || xz -9 -T0 -c "$(node -p process.execPath)" > "$out/node.xz"
cp bench/kernels/run.sh "$out/run.sh"
du -sh "$out"
