import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openFolderOutput } from '../core/convert/output.node.ts';
import { createThreadHelpers, createThreadRunners } from '../core/convert/threads.node.ts';
import { createBudget, MIB, openCheckpoint, planConversion, type RunOptions, runPlan } from '../core/index.ts';
import { openLocal } from '../core/source/folder.node.ts';

const SCRIPT = pathToFileURL(fileURLToPath(new URL('../../dist/cli/moe-loom.js', import.meta.url)));
const SOURCE = fileURLToPath(new URL('../../fixtures/checkpoints/qwen3_moe/hub', import.meta.url));

let work: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'moe-loom-threads-'));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** Converts with these workers; gives the files and what the report says of kernels. */
async function convert(name: string, options: (out: string) => Partial<RunOptions>) {
  const out = join(work, name);
  const files = await openLocal(SOURCE);
  const plan = planConversion(await openCheckpoint(files), 'gate-up-transposed', { maxShardBytes: 200_000 });
  const output = await openFolderOutput(out, plan, files, { source: SOURCE, unfinished: 'refuse' });
  const report = await runPlan(plan, { files, ...output, ...options(out) });
  const shards = readdirSync(out).filter((file) => file.endsWith('.safetensors'));
  expect(shards.length).toBeGreaterThan(1);
  return { report, bytes: shards.map((file) => readFileSync(join(out, file)).toString('base64')) };
}

it('gives the same shards with threads that compute for this one, and for threads that make shards', async () => {
  const alone = await convert('alone', () => ({ budget: createBudget(64 * MIB), engine: 'cpu' }));
  const crew = createThreadHelpers(SCRIPT, 2);
  let handed = 0;
  const { helpers } = crew;
  const watched: typeof helpers = {
    ...helpers,
    count: helpers.count,
    // However fast this machine is.
    worthBelow: Number.POSITIVE_INFINITY,
    run: (...given) => {
      handed++;
      return helpers.run(...given);
    },
  };
  const helped = await convert('helped', () => ({ budget: createBudget(64 * MIB), engine: 'cpu', helpers: watched }));
  expect(handed).toBeGreaterThan(3);
  await crew.end();
  const several = await convert('several', (out) => ({
    runners: createThreadRunners(SCRIPT, { source: SOURCE, out, budgetBytes: 32 * MIB, engine: 'cpu' }, 2, 2),
  }));
  for (const { report, bytes } of [helped, several]) {
    expect(bytes).toEqual(alone.bytes);
    expect(report.verified).toEqual(alone.report.verified);
  }
});

it('goes on alone where a thread that computes has ended', async () => {
  const crew = createThreadHelpers(SCRIPT, 1);
  await crew.end();
  const { report } = await convert('ended', () => ({ engine: 'cpu', helpers: crew.helpers }));
  expect(report.verified.equal).toBe(true);
});
