import { expect, test } from 'vitest';
import { rankModelOfConfig } from '../../ranks/config-model.ts';
import { factsOf, placed } from '../../ranks/facts.fixture.ts';
import { readModelConfig } from '../../ranks/memory/configs.fixture.ts';
import { shapeFromConfig } from '../../ranks/memory/shape-config.ts';
import { configFor } from '../configuring.ts';
import { planPlacement, rankAssertion, readSettings } from '../placing.ts';
import { CONFIG_SIZES } from './sizes.ts';

const { ep, dp } = CONFIG_SIZES;
const config = readModelConfig('Qwen3-235B-A22B');

test('placement, configuration and assertion script call sizes by the same names', () => {
  const set = readSettings('transformers-5', [`${ep}=8`, `${dp}=2`]);
  if ('error' in set) throw new Error(set.error);
  expect(set.options).toEqual({ ep: 8, dp: 2 });
  const options = { framework: 'transformers-5', ...set.options } as const;
  for (const kind of ['transformers-5', 'trl'] as const) {
    const file = configFor(kind, { model: 'm', shape: shapeFromConfig(config), options });
    if ('error' in file) throw new Error(file.error);
    expect(file.text).toContain(`    ${ep}=8,\n    ${dp}=2,\n`);
  }
  const model = rankModelOfConfig(config);
  const script = rankAssertion(model, placed(planPlacement(options, model.facts)));
  expect(script).toContain(`SIZES = ${JSON.stringify(CONFIG_SIZES)}\n`);
  expect(planPlacement({ ...options, tp: 4 }, factsOf(128))).toEqual({
    error: `Expert parallelism runs over the tp axis: ${ep} is the number of expert-parallel ranks, 8.`,
  });
});
