import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { type Stored, storedWeights } from '../core/values/stored-weights.fixture.ts';
import { addConvert } from './convert.ts';
import { addInspect } from './inspect.ts';
import { addLoads } from './loads.ts';
import { addPlan } from './plan.ts';

let work: string;
/** What was written on both streams, and on standard output alone: Node itself may warn on standard error. */
let printed: string;
let output: string;
const stored = (name: string, how: Stored) => {
  mkdirSync(join(work, name));
  for (const [file, content] of Object.entries(storedWeights(how))) writeFileSync(join(work, name, file), content);
};

beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'read-values-'));
  const turned = { names: 'fused', gateUp: 'in-out', down: 'in-out', biases: true, fusion: 'interleaved' } as const;
  stored('trained', { ...turned, trained: 0.5 });
  stored('untrained', { ...turned, trained: 0, intermediate: 48 });
  stored('halves', { names: 'w13', fusion: 'concatenated', trained: 0.5 });
  stored('told', {
    names: 'fused',
    fusion: 'concatenated',
    trained: 0,
    intermediate: 16,
    hidden: 24,
    config: { model_type: 'qwen3_5_moe_text' },
  });
});
afterAll(() => rmSync(work, { recursive: true }));
beforeEach(() => {
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      printed += String(text);
      if (stream === process.stdout) output += String(text);
      return true;
    });
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = 0;
});

async function run(command: string, source: string, ...flags: string[]): Promise<string> {
  const program = new Command('moe-loom').exitOverride();
  for (const add of [addInspect, addPlan, addConvert, addLoads]) add(program);
  [printed, output] = ['', ''];
  const error = await program.parseAsync(['node', 'moe-loom', command, join(work, source), ...flags]).then(
    () => '',
    (thrown: Error) => thrown.message,
  );
  return printed + error;
}

const SUPPORTED =
  /The values support gate-up-interleaved\/gpt-oss for layers 0–2. To read them so, choose this layout in the view Convert, or use --assume gate-up-interleaved\/gpt-oss\./;

it('inspect --read-values adds evidence, and decides nothing', async () => {
  await run('inspect', 'trained');
  const plain = output;
  await run('inspect', 'trained', '--read-values');
  const read = output;
  expect(plain).not.toContain('values');
  expect(read.slice(0, plain.length)).toBe(plain);
  expect(read).toMatch(SUPPORTED);
  expect(read).toContain('[layout-ambiguous]');
  await run('inspect', 'trained', '--read-values', '--json');
  const json = JSON.parse(output);
  expect(json.evidence).toMatchObject([{ supports: ['gate-up-interleaved/gpt-oss'], prefix: 'model.layers.1.mlp' }]);
  expect(json.layout).toBe('unknown');
});

it('says where values do not tell, and where none are read', async () => {
  expect(await run('inspect', 'untrained', '--read-values')).toContain(
    'The values do not show how layers 0–2 are read',
  );
  expect(await run('inspect', 'halves', '--read-values')).toContain('gate-up/w13 or gate-up/w31');
  expect(await run('inspect', 'told', '--read-values')).toContain(
    'No values were read, because the files decide how every layer is read.',
  );
});

it('convert takes a reading from values only where it is asked to, and its report says so', async () => {
  const out = join(work, 'out');
  expect(await run('convert', 'trained', '--to', 'stacked', '--out', out, '--quiet')).toContain(
    'may be read in several ways',
  );
  expect(existsSync(out)).toBe(false);
  const said = await run('convert', 'trained', '--to', 'stacked', '--out', out, '--quiet', '--assume', 'values');
  const rests =
    /The layout of the experts was chosen by their values, as requested\. The values support gate-up-interleaved\/gpt-oss/;
  expect(said).toMatch(rests);
  const report = JSON.parse(readFileSync(join(out, 'moe-loom-report.json'), 'utf8'));
  expect(report.assumed).toEqual([expect.stringMatching(rests)]);
  expect(report.groups[0]).toMatchObject({ from: 'gate-up-interleaved' });
});

it('refuses where the values do not support one reading', async () => {
  for (const source of ['untrained', 'halves']) {
    const said = await run('plan', source, '--to', 'stacked', '--assume', 'values');
    expect(said).toMatch(
      /--assume values decides nothing here\. The values (do not show|support gate-up\/w13 or gate-up\/w31)/,
    );
  }
});

it('is a usage error in commands that read no values for it', async () => {
  expect(await run('loads', 'trained', '--assume', 'values')).toContain(
    '--assume values is for inspect, plan and convert.',
  );
});
