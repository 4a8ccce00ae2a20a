import { expect, test } from 'vitest';
import { shell } from '../embed/emitted.ts';
import { shellWord } from '../embed/shell.ts';
import { scriptOf } from '../handoff/load-script.ts';
import { samplesOf } from '../handoff/load-script-samples.ts';
import { cardOf } from '../handoff/model-card.ts';
import { detectLayout } from '../layouts/detect.ts';
import { byClaims } from '../loads/claims.ts';
import { predict } from '../loads/predict.ts';
import type { LoadingProgram } from '../loads/types.ts';
import { planConversion } from '../plan/conversion.ts';
import { openFixture } from '../testing.fixture.ts';
import { from } from './claims.ts';

const evidence = from('source', 'a test', '2026-12-01');

/** A program that no room but this test knows. */
const engine: LoadingProgram = {
  id: 'my-engine',
  title: 'My Engine',
  loads: byClaims({
    version: 'a1b2c3d',
    cures: ['stacked'],
    holds: { layout: 'stacked/plain', types: ['qwen3_moe'], absent: 'partial' },
    proof: { script: '# @@TOOL@@\nPREDICTED = @@PREDICTED@@\n' },
    usage: { language: 'sh', code: (repo) => shell`my-engine run ${shellWord(repo)}` },
    library: { name: 'my-library' },
    claims: [
      { layouts: ['stacked/plain'], types: ['qwen3_moe'], verdict: 'loads', evidence },
      { layouts: ['*'], types: ['qwen3_moe'], verdict: 'refuses', evidence, needs: ['Stacked experts.'] },
    ],
  }),
};
const PROGRAMS: readonly LoadingProgram[] = [engine];

test('a program from outside is asked, with its cure and the names that it misses', async () => {
  const { checkpoint } = await openFixture('qwen3_moe');
  const [verdict] = predict(PROGRAMS, checkpoint);
  expect(verdict).toMatchObject({
    id: 'my-engine',
    title: 'My Engine',
    version: 'a1b2c3d',
    verdict: 'refuses',
    evidence,
    cure: 'stacked',
    needs: ['Stacked experts.'],
  });
  expect(verdict?.missing).toContain('model.layers.0.mlp.experts.gate_proj');
});

test('its script carries the prediction, and samples stand under the names of the files', async () => {
  const { checkpoint } = await openFixture('qwen3_moe');
  const [verdict] = predict(PROGRAMS, checkpoint);
  if (!verdict) throw new Error('No verdict.');
  const made = scriptOf(engine, verdict);
  expect(made).toMatchObject({ script: expect.stringMatching(/^# moe-loom .*"consumer": "my-engine"/s) });
  const samples = samplesOf(engine, checkpoint, detectLayout(checkpoint), {
    ...verdict,
    verdict: 'partial',
  });
  expect(samples.every(({ slice }) => checkpoint.tensors.has(slice.tensor))).toBe(true);
  expect(samples.length).toBeGreaterThan(0);
});

test('a model card shows how to use it where it loads the result, and there alone', async () => {
  const { checkpoint } = await openFixture('qwen3_moe');
  const card = (target: 'stacked' | 'gate-up') =>
    cardOf(
      {
        plan: planConversion(checkpoint, target),
        layout: detectLayout(checkpoint),
        config: checkpoint.config,
        source: { repo: null, revision: null },
      },
      PROGRAMS,
    );
  const stacked = card('stacked');
  expect(stacked).toContain('library_name: my-library');
  expect(stacked).toContain('My Engine:\n\n```sh\nmy-engine run THIS');
  expect(stacked).toContain('moe-loom loads THIS --script my-engine > load.py');
  expect(stacked).toContain('| my-engine | a1b2c3d | loads it as it is |');
  expect(card('gate-up')).not.toContain('my-engine run');
  expect(card('gate-up')).not.toContain('library_name');
});
