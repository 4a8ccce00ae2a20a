import { expect, it } from 'vitest';
import { finding } from '../checkpoint/make-finding.ts';
import { openFixture } from '../testing.fixture.ts';
import { verifyCheckpoints } from './verify.ts';

it('calls nothing equal to an original that is not whole', async () => {
  const { checkpoint, files } = await openFixture('qwen3_moe');
  const whole = { checkpoint, files };
  expect(await verifyCheckpoints(whole, whole)).toMatchObject({ equal: true, incomplete: null });
  const message = 'model-00002-of-00003.safetensors is missing; it held layers 1–2, 10 tensors.';
  const gap = { ...checkpoint, findings: [finding('shard-missing', message)] };
  expect(await verifyCheckpoints({ checkpoint: gap, files }, whole)).toMatchObject({
    equal: false,
    differences: [],
    incomplete: message,
  });
  // What is converted from chosen layers needs no more of the original than those.
  const scope = { moe_loom_scope: 'partial', moe_loom_layers: [0] };
  const part = { checkpoint: { ...checkpoint, indexMetadata: scope }, files };
  expect(await verifyCheckpoints({ checkpoint: gap, files }, part)).toMatchObject({ incomplete: null });
});
