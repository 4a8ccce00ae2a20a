import { formatIndex } from '../safetensors/index-file.ts';
import { partBytes, partReads, workingBytes } from './parts.ts';
import type { ConversionPlan, Part } from './types.ts';

/** Text of the index of these shards, `bytes` their tensor bytes. A plan of some layers says which. */
export function indexText({
  shards,
  bytes,
  scope,
  layers,
}: Pick<ConversionPlan, 'shards' | 'bytes' | 'scope' | 'layers'>): string {
  const weightMap = new Map(
    shards.flatMap((shard) => shard.tensors.map((tensor) => [tensor.name, shard.file] as const)),
  );
  const metadata = scope === 'whole' ? {} : { moe_loom_layers: [...(layers ?? [])], moe_loom_scope: scope };
  return formatIndex({ weightMap, totalSize: bytes, metadata });
}

/** Most bytes that one part holds at once. Copies stream in small pieces; only what kernels make holds input and output. */
export function peakOf(tensors: readonly { readonly parts: readonly Part[] }[]): number {
  let peak = 0;
  for (const { parts } of tensors) {
    for (const part of parts) {
      if (part.kind === 'gather' || part.kind === 'dequantise')
        peak = Math.max(peak, partBytes(part) + partReads(part) + workingBytes(part));
    }
  }
  return peak;
}
