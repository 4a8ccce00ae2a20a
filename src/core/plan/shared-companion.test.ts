import { expect, it } from 'vitest';
import { openCheckpoint } from '../checkpoint/open.ts';
import { detectLayout } from '../layouts/detect.ts';
import type { FileSet } from '../source/types.ts';
import { allTensors, filesOf, patternBytes, safetensorsBytes } from '../testing.fixture.ts';
import { verifyCheckpoints } from '../verify/verify.ts';
import { convertFiles } from './quantised.fixture.ts';

const P = 'model.layers.0.mlp.experts';
const [E, H, I] = [3, 12, 8];

/** Stacked FP8 experts whose scales are one value for all of them, in either spelling of a scalar. */
function filesWith(scalar: readonly number[]): FileSet {
  const scale = patternBytes('scale', 4);
  const tensors = [
    { name: 'model.embed_tokens.weight', dtype: 'BF16', shape: [16, H] },
    { name: 'model.norm.weight', dtype: 'BF16', shape: [H] },
    { name: 'lm_head.weight', dtype: 'BF16', shape: [16, H] },
    { name: 'model.layers.0.mlp.gate.weight', dtype: 'BF16', shape: [E, H] },
    { name: `${P}.gate_up_proj`, dtype: 'F8_E4M3', shape: [E, 2 * I, H] },
    { name: `${P}.down_proj`, dtype: 'F8_E4M3', shape: [E, H, I] },
    ...['gate_up_proj', 'down_proj'].flatMap((name) => [
      { name: `${P}.${name}_weight_scale`, dtype: 'F32' as const, shape: scalar, bytes: scale },
      { name: `${P}.${name}_input_scale`, dtype: 'F32' as const, shape: scalar, bytes: scale },
    ]),
  ] as const;
  const config = {
    model_type: 'qwen3_moe',
    num_experts: E,
    moe_intermediate_size: I,
    hidden_size: H,
    num_hidden_layers: 1,
  };
  return filesOf({ 'model.safetensors': safetensorsBytes(tensors), 'config.json': JSON.stringify(config) });
}

it.each([[[]], [[1]]])('one scale of shape %j for all experts is no damage, and goes along to each', async (scalar) => {
  const files = filesWith(scalar);
  const original = await openCheckpoint(files);
  const layout = detectLayout(original);
  expect([...layout.defects, ...layout.groups.flatMap(({ defects }) => defects)]).toEqual([]);

  const apart = await convertFiles(files, 'per-expert');
  expect(apart.refusal).toBeNull();
  const tensors = await allTensors(apart.files);
  for (let expert = 0; expert < E; expert += 1) {
    for (const name of ['gate_proj', 'up_proj', 'down_proj'])
      expect(tensors.get(`${P}.${expert}.${name}.weight_scale`)?.bytes).toEqual(patternBytes('scale', 4));
  }
  const converted = await openCheckpoint(apart.files);
  const sides = [
    { files, checkpoint: original },
    { files: apart.files, checkpoint: converted },
  ] as const;
  expect((await verifyCheckpoints(...sides)).differences).toEqual([]);

  const back = await convertFiles(apart.files, 'gate-up');
  expect(back.refusal).toBeNull();
  expect((await allTensors(back.files)).get(`${P}.gate_up_proj_weight_scale`)?.shape[0]).toBe(E);
  const again = await openCheckpoint(back.files);
  expect((await verifyCheckpoints(sides[0], { files: back.files, checkpoint: again })).equal).toBe(true);
});
