import { expect, test } from 'vitest';
import { jsonText } from '../embed/json.ts';
import { moePlacement } from '../programs/deepspeed/placement.ts';
import { readModelConfig } from '../ranks/memory/configs.fixture.ts';
import { shapeFromConfig } from '../ranks/memory/shape-config.ts';
import { configText } from './config.ts';
import type { ConfigFacts, ConfigurationRules } from './config-types.ts';

const shape = shapeFromConfig(readModelConfig('Qwen3-235B-A22B'));

test('a program whose memory is not modelled has a configuration, too', () => {
  const seen: ConfigFacts[] = [];
  const configuration: ConfigurationRules = {
    title: 'A test',
    version: 'a test 1',
    source: 'a test',
    date: '2026-11-29',
    file: 'a.json',
    comment: '#',
    text: (facts) => {
      seen.push(facts);
      return jsonText(facts.mesh.ep);
    },
    limits: () => ['One limit.'],
  };
  const owner = { id: 'a-test', title: 'A test', placement: moePlacement };
  const make = (run = {}) =>
    configText(
      { id: 'a-test', configuration, owner },
      { model: 'm', shape, options: { ep: 8, own: { depth: 2 } }, run },
    );
  expect(make()).toMatchObject({ text: expect.stringMatching(/# One limit\.\n8\n$/) });
  make({ context: 128, batch: 3, checkpointing: false, offload: 'all' });
  expect(seen.map(({ choices: { regime: _, ...rest } }) => rest)).toEqual([
    { context: 4096, batch: 1, checkpointing: true, offload: 'none' },
    { context: 128, batch: 3, checkpointing: false, offload: 'all' },
  ]);
  expect(seen[0]?.options.own).toEqual({ depth: 2 });
});
