/**
 * Every finding about a checkpoint as a whole, with what it means. Errors keep a checkpoint from being used as it is;
 * `unusable`: what its tensors hold is not told by the files, so nothing at all can be said of them.
 */
export const FINDINGS = {
  'rank-slices': {
    severity: 'error',
    meaning: 'The files hold slices of tensors that ranks saved, not whole tensors; they have to be joined first.',
  },
  'shard-missing': { severity: 'error', meaning: 'A shard that the index or the file numbering names is not there.' },
  'shard-invalid': { severity: 'error', meaning: 'A shard is not a valid safetensors file.' },
  'shard-unread': {
    severity: 'error',
    meaning: 'A shard could not be read this time; what it holds is not known. Trying again may help.',
  },
  'file-unread': {
    severity: 'error',
    meaning: 'The index or config.json could not be read this time; what it says is not known. Trying again may help.',
  },
  'lfs-pointer': { severity: 'error', meaning: 'A shard is a Git LFS pointer; its weights were not downloaded.' },
  'download-unfinished': {
    severity: 'error',
    meaning: 'What lies beside a shard says that its download has not ended; bytes may be missing or zero.',
  },
  'conversion-unfinished': {
    severity: 'error',
    meaning: 'A shard of a conversion is not finished: the folder holds a part of the converted model.',
  },
  'series-several': {
    severity: 'error',
    meaning: 'Shards of two splits lie in one folder, and no index says which of them are the model.',
  },
  'index-invalid': { severity: 'error', meaning: 'The index cannot be used.' },
  'index-stale': {
    severity: 'error',
    meaning: 'The index is of another split or another state of the model than the shards beside it.',
  },
  'index-ignored': { severity: 'warning', meaning: 'The shards were read without the index, as was asked.' },
  'index-tensor-missing': { severity: 'error', meaning: 'The index names a tensor that its shard does not hold.' },
  'index-unread': { severity: 'warning', meaning: 'The index has not been compared with the shards yet.' },
  'tensor-duplicate': {
    severity: 'error',
    meaning: 'Two shards hold a tensor of one name, and no index says which counts.',
  },
  'tensor-shadowed': {
    severity: 'warning',
    meaning: 'Two shards hold a tensor of one name; the one the index names counts.',
  },
  'tensor-orphan': {
    severity: 'warning',
    meaning: 'A shard holds a tensor that the index does not name; readers differ on loading it.',
  },
  'shard-orphan': {
    severity: 'warning',
    meaning: 'A safetensors file lies beside the checkpoint, but the index does not name it.',
  },
  'total-size-wrong': { severity: 'warning', meaning: 'The index states another total than the tensors have.' },
  'index-absent': { severity: 'warning', meaning: 'Several shards and no index: loaders will not find them.' },
  'config-absent': { severity: 'warning', meaning: 'There is no config.json, so the architecture is not known.' },
  'config-invalid': { severity: 'warning', meaning: 'config.json cannot be read.' },
  'config-name-invalid': {
    severity: 'warning',
    meaning: 'config.json names a model type or a class as no program calls one; it is treated as unknown.',
  },
  'formats-mixed': { severity: 'warning', meaning: 'Weights lie here in several formats side by side.' },
  partial: { severity: 'warning', meaning: 'The index says that this holds only some layers of a model.' },
  mixed: {
    severity: 'warning',
    meaning: 'The index says that only some layers were converted; the others are stored as before.',
  },
  'lora-adapter': { severity: 'error', meaning: 'This is a LoRA adapter; the experts are in its base model.' },
} as const satisfies Record<string, { severity: 'error' | 'warning'; meaning: string }>;

export type FindingTag = keyof typeof FINDINGS;

/** True for a file that was not read this time, and may be the next; one that is no good stays so. */
export function isUnread({ tag }: { readonly tag: string }): boolean {
  return tag === 'shard-unread' || tag === 'file-unread';
}
