import type { FileOffset } from '../safetensors/types.ts';
import { layoutHeader } from '../safetensors/write-header.ts';
import type { OutputDraft } from './outputs.ts';
import type { OutputShard, OutputTensor } from './types.ts';

/** What the Hub's own splitter aims at: files of at most 5 × 10⁹ bytes of tensors. */
export const DEFAULT_SHARD_BYTES = 5e9;

/**
 * Packs tensors into shards in the order given, as the Hub's splitter does: a shard is full when the next tensor would
 * take it past `maxShardBytes`; a tensor is never split, and one that is larger gets a file of its own.
 */
export function packShards(
  drafts: readonly OutputDraft[],
  maxShardBytes: number,
  metadata: ReadonlyMap<string, string>,
): OutputShard[] {
  const bins: OutputDraft[][] = [];
  const large: OutputDraft[][] = [];
  let current: OutputDraft[] = [];
  let size = 0;
  for (const draft of drafts) {
    if (draft.byteLength > maxShardBytes) {
      large.push([draft]);
      continue;
    }
    if (size + draft.byteLength > maxShardBytes && current.length > 0) {
      bins.push(current);
      current = [];
      size = 0;
    }
    current.push(draft);
    size += draft.byteLength;
  }
  if (current.length > 0) bins.push(current);
  const order = new Map(drafts.map((draft, index) => [draft, index]));
  const all = [...bins, ...large].sort(
    (a, b) => (order.get(a[0] as OutputDraft) ?? 0) - (order.get(b[0] as OutputDraft) ?? 0),
  );
  return all.map((bin, index) => shardOf(bin, shardName(index, all.length), metadata));
}

/** `model.safetensors` for one file, else `model-00001-of-00012.safetensors`. */
export function shardName(index: number, total: number): string {
  if (total === 1) return 'model.safetensors';
  const five = (number: number) => String(number).padStart(5, '0');
  return `model-${five(index + 1)}-of-${five(total)}.safetensors`;
}

function shardOf(drafts: readonly OutputDraft[], file: string, metadata: ReadonlyMap<string, string>): OutputShard {
  const laid = layoutHeader(drafts, metadata);
  const byName = new Map(drafts.map((draft) => [draft.name, draft]));
  const tensors = laid.tensors.map((info): OutputTensor => {
    const draft = byName.get(info.name) as OutputDraft;
    return { ...draft, start: (laid.dataStart + info.start) as FileOffset };
  });
  return { file, byteLength: laid.fileSize, header: laid.bytes, tensors };
}
