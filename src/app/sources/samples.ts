/** A bundled checkpoint, as the start screen lists it. */
export interface Sample {
  readonly id: string;
  readonly name: string;
  readonly facts: string;
  readonly text: string;
}

/** The samples in `public/samples`. */
export const SAMPLES: readonly Sample[] = [
  {
    id: 'qwen3-235b-a22b',
    name: 'Qwen3-235B-A22B',
    facts: '94 layers × 128 experts · 118 shards · 470 GB',
    text: 'Real names, shapes and offsets; headers only, so it can be planned but not converted.',
  },
  {
    id: 'tiny-qwen3-moe',
    name: 'Tiny Qwen3-MoE',
    facts: 'per-expert · 12 experts · 3 shards · 634 kB',
    text: 'A whole checkpoint with a dense layer: convert it, here and now.',
  },
  {
    id: 'tiny-gpt-oss',
    name: 'Tiny gpt-oss',
    facts: 'gate-up interleaved · 3 shards · 749 kB',
    text: 'Experts stacked in one tensor a layer, gate and up columns interleaved, with biases.',
  },
];
