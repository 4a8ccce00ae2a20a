import { describe, expect, it } from 'vitest';
import { checkpointOf, type RealNames, readRealNames } from '../layouts/checkpoints.fixture.ts';
import { detectLayout } from '../layouts/detect.ts';
import { isGood } from '../loads/predict.ts';
import { predictLoads } from './loading.ts';

/** What nothing beside the model's own code promises: each is alone of its kind, or a layer may do without it. */
const UNKNOWABLE: readonly RegExp[] = [
  /vision|visual|audio|projector|vit_/, // towers that see and hear
  /hc_head|embed_norm|norm\.bias$/, // outside the layers, in one model alone
  /tid2eid|hc_mlp_layer|relative_attention_bias/,
];
/** Tensors of fixtures of three layers that stand in one layer alone. */
const ALONE: Readonly<Record<string, RegExp>> = {
  jamba: /layers\.1\.pre_ff_layernorm/,
  nemotron_h: /\.mixer\./,
  afmoe: /layers\.0\.(pre|post)_mlp_layernorm/,
  gpt_oss: /layers\.1\.self_attn\.(\w+\.bias|sinks)/,
  hy_v4: /layers\.(0\.mlp|2\.self_attn|\d\.self_attn\.indexer|\d\.mlp\.shared_experts)/,
};
/** Not compared: without routed experts that are known here, and blocks of which each is of another kind. */
const LEFT_OUT = new Set(['doge', 'youtu', 'switch_transformers', 'nllb-moe']);
/** Tensors taken out of each fixture, one at a time. */
const TAKEN = 5;

const TYPES = Object.entries(readRealNames()).filter(([type]) => !LEFT_OUT.has(type));

/** Numbers below a bound that look random and are the same in every run. */
function random(seed: string): (below: number) => number {
  let state = [...seed].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) >>> 0, 7);
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function taken(type: string, { disk, config }: RealNames): string[] {
  const experts = new Set(detectLayout(checkpointOf(disk, config)).groups.flatMap((group) => group.expertTensors));
  const names = Object.keys(disk).filter(
    (name) => !experts.has(name) && !UNKNOWABLE.some((each) => each.test(name)) && !ALONE[type]?.test(name),
  );
  const next = random(type);
  return Array.from({ length: TAKEN }, () => names[next(names.length)] ?? '');
}

/** Where a finding speaks of a tensor: by its name, or by what stands there. */
const WORDS: readonly (readonly [RegExp, RegExp])[] = [
  [/embed/, /input embedding/],
  [/norm/, /norm after the last layer/],
  [/head/, /output head/],
  [/router|gate/, /No router/],
];

describe('a model without one tensor outside its experts', () => {
  it.each(TYPES)('%s: a finding names it, and no program loads it', (type, real) => {
    expect(detectLayout(checkpointOf(real.disk, real.config)).defects.map(({ tag }) => tag)).not.toContain(
      'tensor-missing',
    );
    for (const name of taken(type, real)) {
      const { [name]: _, ...rest } = real.disk;
      const checkpoint = checkpointOf(rest, real.config);
      const layout = detectLayout(checkpoint);
      const told = layout.defects.filter(({ tag }) => tag === 'tensor-missing').map(({ message }) => message);
      const isNamed = told.some(
        (message) => message.includes(name) || WORDS.some(([of, said]) => of.test(name) && said.test(message)),
      );
      expect(isNamed, `${name}: ${told.join(' ')}`).toBe(true);
      expect(predictLoads(checkpoint, layout).filter(isGood), name).toEqual([]);
    }
  });
});
