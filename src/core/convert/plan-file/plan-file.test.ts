import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../checkpoint/open.ts';
import { planConversion } from '../../plan/conversion.ts';
import { TARGETS } from '../../plan/targets.ts';
import type { ConversionPlan, Target } from '../../plan/types.ts';
import { fp8Checkpoints, gptOss } from '../../plan/unpack.fixture.ts';
import type { FileSet } from '../../source/types.ts';
import { ARCHITECTURES, openFixture } from '../../testing.fixture.ts';
import { formatPlanFile, hashOfBody, planFileOf } from './format.ts';
import { parsePlanFile } from './parse.ts';
import { assertSource, identifySource, weightFiles } from './source.ts';

const named = { open: '/models/one', endpoint: null, repo: null, commit: null };

async function planned(architecture = 'qwen3_moe', options: Parameters<typeof planConversion>[2] = {}) {
  const { files, checkpoint } = await openFixture(architecture);
  const targets = ['stacked', 'per-expert', 'gate-up'] as const;
  const plans = targets.map((target) => planConversion(checkpoint, target, { maxShardBytes: 130_000, ...options }));
  const good = plans.filter(({ refusals }) => refusals.length === 0);
  return { files, plans: good };
}

async function parts(architecture?: string) {
  const { files, plans } = await planned(architecture);
  const [plan] = plans;
  if (!plan) throw new Error('no plan');
  return { files, plan, source: { ...named, files: await identifySource(plan, files) }, card: null };
}

describe('a plan file', () => {
  it.each(ARCHITECTURES)('gives back the plan that it was written from: %s', async (architecture) => {
    const { files, plans } = await planned(architecture);
    expect(plans.length).toBeGreaterThan(0);
    for (const plan of plans) {
      const source = { ...named, files: await identifySource(plan, files) };
      const card = { text: '# card', pictures: { 'layout-before.svg': '<svg/>' } };
      const { text, hash } = await formatPlanFile({ plan, source, card });
      const read = await parsePlanFile(text, 'plan.json');
      expect(JSON.stringify(read.plan)).toBe(JSON.stringify(plan));
      expect(read).toEqual({ hash, source, card, plan: read.plan });
      expect(read.plan.shards.map(({ header }) => [...header])).toEqual(plan.shards.map(({ header }) => [...header]));
      expect((await planFileOf({ plan, source, card })).hash).toBe(hash);
    }
  });

  it('gives back plans that unpack, and one of some layers, and is what its schema says', async () => {
    const some = (await planned('qwen3_moe', { layers: [2] })).plans[0];
    if (!some) throw new Error('no plan');
    const all: [ConversionPlan, FileSet][] = [[some, (await openFixture('qwen3_moe')).files]];
    for (const files of [fp8Checkpoints(40, 72, 'e5m2', 16).packed, gptOss().packed]) {
      const checkpoint = await openCheckpoint(files);
      for (const target of Object.keys(TARGETS) as Target[]) {
        const plan = planConversion(checkpoint, target, { dtype: 'bf16' });
        if (plan.refusals.length === 0) all.push([plan, files]);
      }
    }
    expect(all.length).toBeGreaterThan(8);
    const schema = new URL('../../../../docs/schemas/files/plan.json', import.meta.url);
    const isValid = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(
      JSON.parse(readFileSync(schema, 'utf8')),
    );
    for (const [plan, files] of all) {
      const source = { ...named, files: await identifySource(plan, files) };
      const { text } = await formatPlanFile({ plan, source, card: null });
      expect(JSON.stringify((await parsePlanFile(text, 'plan.json')).plan)).toBe(JSON.stringify(plan));
      expect([isValid(JSON.parse(text)), isValid.errors]).toEqual([true, null]);
    }
  });

  it('is refused where a character of it was changed, or its end is missing', async () => {
    const { text } = await formatPlanFile(await parts());
    const refused = { tag: 'plan-invalid', message: expect.stringContaining('plan.json') };
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 2), fc.constantFrom('0', '7', 'x', '"', '}'), async (at, letter) => {
        if (text[at] === letter || text[at] === '\n') return;
        const edited = text.slice(0, at) + letter + text.slice(at + 1);
        await expect(parsePlanFile(edited, 'plan.json')).rejects.toMatchObject(refused);
        await expect(parsePlanFile(text.slice(0, at), 'plan.json')).rejects.toMatchObject(refused);
      }),
      { numRuns: 60 },
    );
  });

  // biome-ignore lint/suspicious/noExplicitAny: what a hostile file holds has no type.
  type Body = any;
  const hostile: Readonly<Record<string, readonly [change: (body: Body) => void, reason: RegExp]>> = {
    'another version': [(body) => (body.version = 2), /version is 2/],
    'a key that no plan has': [(body) => (body.more = 1), /more/],
    'a shard that leads out': [(body) => (body.shards[0].file = '../victim.safetensors'), /name is not model-00001/],
    'an absolute shard': [(body) => (body.shards[1].file = '/etc/passwd'), /shards\.1/],
    'a source that leads out': [(body) => (body.source.files[0].name = '../../secret'), /leads out/],
    'an absolute source': [(body) => (body.source.files[0].name = '/etc/passwd'), /leads out/],
    'a drive': [(body) => (body.source.files[0].name = 'C:secret'), /leads out/],
    'a copy that leads out': [(body) => (body.copies[0].file = 'a/../../b.json'), /leads out/],
    'a copy over a shard': [
      (body) => {
        body.source.files.push({ name: body.shards[0].file, byteLength: 5 });
        body.copies.push({ file: body.shards[0].file, byteLength: 5 });
      },
      /not a file that a conversion copies/,
    ],
    'a copy of a hidden file': [
      (body) => {
        body.source.files.push({ name: '.netrc', byteLength: 5 });
        body.copies.push({ file: '.netrc', byteLength: 5 });
      },
      /not a file that a conversion copies/,
    ],
    'a config of another name': [(body) => (body.config.file = '../config.json'), /config/],
    'a drawing of another name': [
      (body) => (body.card = { text: '', pictures: { '../x.svg': '' } }),
      /not a drawing of a model card/,
    ],
    'a range behind the end': [(body) => (body.shards[0].tensors[0].parts = [[0, 0, 1e12]]), /are not in/],
    'a range that runs backwards': [(body) => (body.shards[0].tensors[0].parts = [[0, 9, 3]]), /are not in/],
    'a file that is not there': [(body) => (body.shards[0].tensors[0].parts = [[99, 0, 2]]), /no file 99/],
    'parts that do not fill': [(body) => body.shards[0].tensors[0].parts.pop(), /parts have/],
    'a gather out of its range': [
      (body) => {
        const [part] = body.shards[0].tensors[0].parts;
        body.shards[0].tensors[0].parts = [
          { kind: 'gather', spans: [part], itemBytes: 2, shape: [4], strides: [1e9], bases: [0], select: null },
        ];
      },
      /outside of its range/,
    ],
    'another size': [(body) => (body.shards[0].byteLength += 8), /need \d+ bytes/],
    'another dtype': [(body) => (body.shards[0].tensors[0].dtype = 'F99'), /no dtype F99/],
    'another header': [(body) => (body.metadata[0].value = 'tf'), /header that it states|need \d+ bytes/],
    'another index': [(body) => (body.index = '0'.repeat(64)), /index/],
    'another target': [(body) => (body.target = '__proto__'), /no layout/],
    'no shards': [(body) => (body.shards = []), /no shards/],
    'a number that is none': [(body) => (body.shards[0].tensors[0].parts = [[0, -1, 2]]), /parts/],
    'operations that are not there': [(body) => (body.shards[0].tensors[0].operations = 77), /no row 77/],
  };

  it.each(Object.entries(hostile))('is refused with %s, also under the right hash', async (_, [change, reason]) => {
    const { text } = await formatPlanFile(await parts());
    const { hash: _hash, ...body } = JSON.parse(text) as Body;
    change(body);
    const changed = JSON.stringify({ hash: await hashOfBody(body), ...body });
    await expect(parsePlanFile(changed, 'plan.json')).rejects.toMatchObject({
      tag: 'plan-invalid',
      message: expect.stringMatching(reason),
    });
  });

  it.each(['', '[]', 'null', '{}', '{"format":"moe-loom-plan"}', '{"format":"moe-loom-plan","version":1}'])(
    'is not %j',
    async (text) => {
      await expect(parsePlanFile(text, 'plan.json')).rejects.toMatchObject({ tag: 'plan-invalid' });
    },
  );
});

describe('the source of a plan', () => {
  it('is known by sizes and hashes of headers, and other files by their bytes: no inode, no time', async () => {
    const { source, files, plan } = await parts();
    const names = [...weightFiles(plan.shards), ...plan.copies.map(({ file }) => file)];
    await assertSource(source, files, names);
    expect(source.files.map((file) => Object.keys(file).sort().join())).toEqual([
      ...weightFiles(plan.shards).map(() => 'byteLength,header,name'),
      ...plan.copies.map(() => 'byteLength,name,sha256'),
    ]);
    const [first, second] = names;
    const other = source.files.map((file) =>
      file.name === first
        ? { ...file, byteLength: 7 }
        : file.name === second
          ? { ...file, header: '0'.repeat(64) }
          : file,
    );
    await expect(assertSource({ ...source, files: other }, files, names)).rejects.toMatchObject({
      tag: 'source-changed',
      message: expect.stringMatching(
        new RegExp(`${first} has \\d+ bytes, the plan says 7; ${second} has another header`),
      ),
    });
    const gone = [...source.files, { name: 'gone.json', byteLength: 1 }];
    await expect(assertSource({ ...source, files: gone }, files, ['gone.json'])).rejects.toThrow(
      /gone\.json is missing/,
    );
  });
});
