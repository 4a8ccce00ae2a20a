import type { SourceDescriptor } from '../../../workers/inspect/protocol.ts';

/** A bundled checkpoint, as the start screen lists it. */
export interface Sample {
  readonly id: string;
  readonly name: string;
  readonly facts: string;
  readonly text: string;
  /** False where only the headers are bundled: nothing can be read, compared or converted. */
  readonly hasWeights: boolean;
}

/** The samples in `public/samples`. */
export const SAMPLES: readonly Sample[] = [
  {
    id: 'qwen3-235b-a22b',
    name: 'Qwen3-235B-A22B',
    facts: '94 layers × 128 experts · 118 shards · 470 GB',
    text: 'Real names, shapes and offsets, but headers only: a conversion can be planned, not run.',
    hasWeights: false,
  },
  {
    id: 'tiny-qwen3-moe',
    name: 'Tiny Qwen3-MoE',
    facts: 'per-expert · 12 experts · 3 shards · 634 kB',
    text: 'A whole checkpoint with a dense layer. You can convert it in this browser.',
    hasWeights: true,
  },
  {
    id: 'tiny-gpt-oss',
    name: 'Tiny gpt-oss',
    facts: 'gate-up interleaved · 3 shards · 749 kB',
    text: 'Experts stacked in one tensor a layer, gate and up columns interleaved, with biases.',
    hasWeights: true,
  },
];

/** The sample that is open where it has headers only; null for every other source. */
export function sampleWithoutWeights(source: SourceDescriptor | null): Sample | null {
  if (source?.kind !== 'sample') return null;
  return SAMPLES.find(({ id, hasWeights }) => id === source.id && !hasWeights) ?? null;
}

/** What to open instead: a bundled sample with its weights. */
export const SAMPLE_WITH_WEIGHTS = 'tiny-qwen3-moe';
