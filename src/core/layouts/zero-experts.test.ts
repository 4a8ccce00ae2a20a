import { expect, it } from 'vitest';
import { causesOf } from './causes.ts';
import { checkpointOf, readRealNames } from './checkpoints.fixture.ts';
import { detectLayout } from './detect.ts';

const { longcat_flash } = readRealNames();
const { config, disk } = longcat_flash ?? { config: {}, disk: {} };
const detect = (headers = disk, says = config) => detectLayout(checkpointOf(headers, says));

it('counts no expert that computes nothing, and names what is stored of them once', () => {
  const layout = detect();
  expect(layout.groups.map(({ experts, defects }) => ({ experts, defects }))).toEqual(
    [0, 1, 2].map(() => ({ experts: 4, defects: [] })),
  );
  expect(layout.groups[0]?.expertTensors).toHaveLength(12);
  expect(causesOf({ findings: [] }, layout)).toEqual([
    {
      tag: 'expert-unused',
      severity: 'warning',
      message:
        'In layer 0, 4 tensors belong to experts 4–5, which compute nothing (zero_expert_num in the config). No program uses them, and a conversion copies them as they are. The same goes for layers 1–2.',
    },
  ]);
});

it('keeps calling a whole expert, or one beyond the config’s number, one too many', () => {
  const whole = { ...disk, 'model.layers.0.mlp.experts.4.down_proj.weight': { dtype: 'BF16', shape: [64, 32] } };
  const tags = (headers = disk, says = config) => detect(headers, says).groups[0]?.defects.map(({ tag }) => tag);
  expect(tags(whole)).toContain('expert-extra');
  expect(tags(disk, { ...config, zero_expert_num: 1 })).toContain('expert-extra');
  expect(tags(disk, { ...config, zero_expert_num: 0 })).toContain('expert-missing');
});
