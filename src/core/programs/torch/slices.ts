import type { SliceFormat } from '../../checkpoint/slices.ts';

/** torch's HuggingFaceStorageWriter with `save_distributed`: each rank's chunk of every tensor, and where it begins. */
export const torchSlices: SliceFormat = {
  writer: 'torch.distributed.checkpoint (HuggingFaceStorageWriter)',
  file: /^shard-(?<rank>\d+)-model-\d+-of-\d+\.safetensors$/,
  first: 1,
  metadata: 'DCP_SHARDING_INFO',
  offsets: savedOffsets,
  cure: 'consolidate_safetensors_files of torch.distributed.checkpoint._consolidate_hf_safetensors joins them; open what it writes.',
  version: 'torch 2.13',
  source:
    'pytorch/pytorch, torch/distributed/checkpoint/_hf_utils.py and _consolidate_hf_safetensors.py; pytorch/pytorch#155566',
  date: '2026-11-29',
};

/** `{"name": {"saved_offsets": [4, 0]}}`. */
function savedOffsets(text: string): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, readonly number[]>();
  for (const [name, entry] of Object.entries(objectOf(text))) {
    const offsets: unknown = entry && typeof entry === 'object' && 'saved_offsets' in entry && entry.saved_offsets;
    if (Array.isArray(offsets) && offsets.every((at) => Number.isSafeInteger(at) && at >= 0)) found.set(name, offsets);
  }
  return found;
}

function objectOf(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
