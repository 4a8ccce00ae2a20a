import { describe, expect, it } from 'vitest';
import { detectLayout } from '../layouts/detect.ts';
import { inspectCheckpoint } from '../layouts/inspect.ts';
import { planConversion } from '../plan/conversion.ts';
import { openCheckpoint } from '../programs/opening.ts';
import type { TensorSpec } from '../safetensors/write-header.ts';
import { filesOf, safetensorsBytes } from '../testing.fixture.ts';
import type { OpenOptions } from './open.ts';

const [E, H, I] = [2, 8, 6];
const CONFIG = JSON.stringify({
  architectures: ['Qwen3MoeForCausalLM'],
  model_type: 'qwen3_moe',
  hidden_size: H,
  moe_intermediate_size: I,
  num_hidden_layers: 3,
  num_experts: E,
  num_experts_per_tok: 1,
  decoder_sparse_step: 1,
  mlp_only_layers: [],
  vocab_size: 16,
});
const tensor = (name: string, ...shape: number[]): TensorSpec => ({ name, dtype: 'BF16', shape });

function layer(at: number): TensorSpec[] {
  const prefix = `model.layers.${at}.mlp`;
  return [
    tensor(`${prefix}.gate.weight`, E, H),
    ...[0, 1].flatMap((expert) => [
      tensor(`${prefix}.experts.${expert}.gate_proj.weight`, I, H),
      tensor(`${prefix}.experts.${expert}.up_proj.weight`, I, H),
      tensor(`${prefix}.experts.${expert}.down_proj.weight`, H, I),
    ]),
  ];
}

const OUTER = [tensor('model.embed_tokens.weight', 16, H)];
/** Three shards: a layer each, the first with what stands outside layers too. */
const SPLIT: readonly (readonly TensorSpec[])[] = [[...OUTER, ...layer(0)], layer(1), layer(2)];

const shardName = (at: number, total: number, stem = 'model') =>
  `${stem}-${String(at + 1).padStart(5, '0')}-of-${String(total).padStart(5, '0')}.safetensors`;

function series(parts: readonly (readonly TensorSpec[])[], stem?: string) {
  return Object.fromEntries(parts.map((part, at) => [shardName(at, parts.length, stem), safetensorsBytes([...part])]));
}

function indexOf(parts: readonly (readonly TensorSpec[])[], stem?: string) {
  const weightMap = Object.fromEntries(
    parts.flatMap((part, at) => part.map(({ name }) => [name, shardName(at, parts.length, stem)])),
  );
  return JSON.stringify({ weight_map: weightMap });
}

const INDEX = 'model.safetensors.index.json';
type Files = Record<string, string | Uint8Array>;

const open = (files: Files, options?: OpenOptions) =>
  openCheckpoint(filesOf({ 'config.json': CONFIG, ...files }), options);

function without(files: Files, ...names: string[]): Files {
  return Object.fromEntries(Object.entries(files).filter(([name]) => !names.includes(name)));
}

const tagsOf = ({ findings }: { readonly findings: readonly { readonly tag: string }[] }) =>
  findings.map(({ tag }) => tag);

describe('a missing shard', () => {
  const whole: Files = { ...series(SPLIT), [INDEX]: indexOf(SPLIT) };

  it('is one error that says what it held, and nothing else is said of its layers', async () => {
    const checkpoint = await open(without(whole, shardName(2, 3)));
    expect(checkpoint.findings).toMatchObject([
      {
        tag: 'shard-missing',
        message: 'The shard model-00003-of-00003.safetensors is missing; it held layer 2, 7 tensors.',
      },
    ]);
    expect(checkpoint.absent?.size).toBe(7);
    const first = await open(without(whole, shardName(0, 3)));
    expect(first.findings[0]?.message).toBe(
      'The shard model-00001-of-00003.safetensors is missing; it held layer 0 and 1 tensor outside layers, 8 tensors in all.',
    );
  });

  it('leaves no defect in a layer that stands in part in another shard', async () => {
    const parts = [
      [...OUTER, ...layer(0), ...layer(1).slice(0, 4)],
      [...layer(1).slice(4), ...layer(2)],
    ];
    const files = { ...series(parts), [INDEX]: indexOf(parts) };
    const inspected = async (given: Files) => inspectCheckpoint(await open(without(given, shardName(1, 2))));
    const { findings, layers } = await inspected(files);
    expect(findings[0]?.message).toMatch(/it held layers 1–2, 10 tensors/);
    expect(layers.flatMap(({ defects }) => defects)).toEqual([]);
    const bare = await inspected(without(files, INDEX));
    expect(tagsOf(bare)).toContain('shard-missing');
    expect(bare.layers.flatMap(({ defects }) => defects)).toEqual([]);
    const mlp = [['gate', I, H] as const, ['up', I, H] as const, ['down', H, I] as const].map(([what, ...shape]) =>
      tensor(`model.layers.1.mlp.${what}_proj.weight`, ...shape),
    );
    const ends = [tensor('model.norm.weight', H), tensor('lm_head.weight', 16, H)];
    const apart = [
      [...OUTER, ...layer(0), ...mlp],
      [...layer(1), ...layer(2), ...ends],
    ];
    const bereft = { ...series(apart), [INDEX]: indexOf(apart) };
    expect(tagsOf(await inspected(bereft))).toEqual(['shard-missing']);
    expect(tagsOf(await inspected(without(bereft, INDEX)))).toEqual(['shard-missing']);
    expect(detectLayout(await open(without(bereft, shardName(1, 2)))).defects).toMatchObject([
      { tag: 'config-mismatch', message: expect.stringContaining('layer 1') },
      { tag: 'config-mismatch', message: expect.stringContaining('layer 2') },
    ]);
    const pruned = await open({ 'model.safetensors': safetensorsBytes([...(parts[0] ?? [])]) });
    expect(inspectCheckpoint(pruned).layers.flatMap(({ defects }) => defects)).not.toEqual([]);
  });

  it('is one error for many, too', async () => {
    const parts = Array.from({ length: 9 }, (_, at) => [...(at === 0 ? OUTER : []), ...layer(at)]);
    const files = { [shardName(0, 9)]: safetensorsBytes(parts[0] ?? []), [INDEX]: indexOf(parts) };
    const { findings } = await open(files);
    expect(findings.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^8 of 9 shards are missing: .* and 3 more; they held layers 1–8, 56 tensors\.$/),
    ]);
  });

  it('stops what needs it, and not the layers that do not', async () => {
    const checkpoint = await open(without(whole, shardName(2, 3)));
    const refusals = (layers?: readonly number[], keepRest?: boolean) =>
      planConversion(checkpoint, 'stacked', { layers, keepRest }).refusals.map(({ message }) => message);
    expect(refusals()).toEqual([expect.stringMatching(/is missing/)]);
    expect(refusals([0, 1], true)).toEqual([expect.stringMatching(/is missing/)]);
    expect(refusals([1, 2])).toContainEqual(expect.stringMatching(/is missing/));
    const plan = planConversion(checkpoint, 'stacked', { layers: [0, 1] });
    expect(plan.refusals).toEqual([]);
    expect(plan.notes).toContainEqual(expect.stringMatching(/00003.*the chosen layers do not need it/));
    const unindexed = await open(without(whole, shardName(2, 3), INDEX));
    expect(planConversion(unindexed, 'stacked', { layers: [0, 1] }).refusals).not.toEqual([]);
  });
});

describe('series side by side', () => {
  it('the complete one is read, and the other named', async () => {
    const halves = [SPLIT.slice(0, 2).flat(), SPLIT.slice(2).flat()];
    const checkpoint = await open({ ...without(series(SPLIT), shardName(0, 3)), ...series(halves) });
    expect(checkpoint.shards.map(({ file }) => file)).toEqual([shardName(0, 2), shardName(1, 2)]);
    expect(checkpoint.findings).toMatchObject([
      { tag: 'formats-mixed', message: expect.stringContaining(shardName(1, 3)) },
      { tag: 'index-absent' },
    ]);
  });
});

describe('an index', () => {
  const halves = [SPLIT.slice(0, 2).flat(), SPLIT.slice(2).flat()];

  it.each([
    ['no file of it is here', indexOf(SPLIT), series(halves)],
    ['a file of it is here', indexOf(SPLIT), { ...series(halves), ...without(series(SPLIT), shardName(0, 3)) }],
    ['files were renamed', indexOf(SPLIT, 'pytorch_model'), { 'one.safetensors': safetensorsBytes(SPLIT.flat()) }],
  ])('of another split is told from a missing shard: %s', async (_, index, shards) => {
    const files = { ...shards, [INDEX]: index };
    const checkpoint = await open(files);
    const errors = checkpoint.findings.filter(({ severity }) => severity === 'error');
    expect(errors).toMatchObject([{ tag: 'index-stale', message: expect.stringMatching(/another split.*--no-index/) }]);
    expect(checkpoint.tensors.size).toBe(SPLIT.flat().length);
    expect(planConversion(checkpoint, 'stacked').refusals).toMatchObject([{ tag: 'checkpoint-defective' }]);
  });

  it('that names tensors which no shard holds is stale', async () => {
    const renamed = SPLIT.map((part) => part.map((each) => ({ ...each, name: `language_${each.name}` })));
    const checkpoint = await open({ ...series(SPLIT), [INDEX]: indexOf(renamed) });
    expect(checkpoint.findings).toMatchObject([
      { tag: 'index-stale', message: expect.stringMatching(/22 tensors of 22 are not where it says/) },
    ]);
    expect(checkpoint.tensors.size).toBe(22);
    const moved = [SPLIT[1] ?? [], SPLIT[0] ?? [], SPLIT[2] ?? []];
    expect(tagsOf(await open({ ...series(SPLIT), [INDEX]: indexOf(moved) }))).toEqual(['index-stale']);
  });

  it('that names one tensor too many is not', async () => {
    const more = [[...(SPLIT[0] ?? []), tensor('lm_head.weight', 16, H)], ...SPLIT.slice(1)];
    expect(tagsOf(await open({ ...series(SPLIT), [INDEX]: indexOf(more) }))).toEqual(['index-tensor-missing']);
  });

  it('is left aside where asked, and the conversion goes on', async () => {
    const checkpoint = await open({ ...series(halves), [INDEX]: indexOf(SPLIT) }, { index: 'none' });
    expect(checkpoint.findings).toMatchObject([{ tag: 'index-ignored', severity: 'warning' }]);
    expect(checkpoint.indexFile).toBeNull();
    const plan = planConversion(checkpoint, 'stacked');
    expect(plan.refusals).toEqual([]);
    const lost = await open(
      { ...without(series(halves), shardName(1, 2)), [INDEX]: indexOf(halves) },
      { index: 'none' },
    );
    expect(tagsOf(lost)).toEqual(['index-ignored', 'shard-missing']);
    expect(tagsOf(await open(series(halves), { index: 'none' }))).toEqual(['index-absent']);
  });

  it.each([
    'model.safetensors.index.fp16.json',
    'model.fp16.safetensors.index.json',
    'model.safetensors.fp16.index.json',
  ])('of a variant is read as one, and stays behind: %s', async (name) => {
    const files = { ...series(SPLIT, 'model.fp16'), [name]: indexOf(SPLIT, 'model.fp16') };
    const checkpoint = await open(files);
    expect(checkpoint).toMatchObject({ indexFile: name, findings: [] });
    expect(tagsOf(await open(without(files, shardName(1, 3, 'model.fp16'))))).toEqual(['shard-missing']);
    const { copies, skipped } = planConversion(checkpoint, 'stacked');
    expect(copies).toEqual([]);
    expect(skipped).toMatchObject([{ file: name }]);
  });

  it('of a variant counts only for its own shards', async () => {
    const both = { ...series(SPLIT), 'model.safetensors.index.fp16.json': 'no json', [INDEX]: indexOf(SPLIT) };
    expect((await open(both)).indexFile).toBe(INDEX);
    const twice = {
      ...series(SPLIT, 'model.bf16'),
      'model.safetensors.index.fp16.json': indexOf(SPLIT, 'model.fp16'),
      'model.safetensors.index.bf16.json': indexOf(SPLIT, 'model.bf16'),
    };
    expect((await open(twice)).indexFile).toBe('model.safetensors.index.bf16.json');
  });
});

describe('metadata of shards', () => {
  const planned = async (...metadata: Record<string, string>[]) => {
    const shards = metadata.map((each, at) => [
      shardName(at, metadata.length),
      safetensorsBytes([...(SPLIT[at] ?? [])], each),
    ]);
    const checkpoint = await open(Object.fromEntries(shards));
    return planConversion(checkpoint, 'stacked', { maxShardBytes: 400 });
  };
  const values = ({ metadata }: Awaited<ReturnType<typeof planned>>) =>
    Object.fromEntries(metadata.map(({ key, value, joined }) => [key, joined === null ? value : [joined, value]]));

  it('is carried where it is the same, joined where it differs, and stands in every shard', async () => {
    const plan = await planned(
      { format: 'pt', license: 'mit', recipe: '{"a":1}', note: 'one' },
      { format: 'np', license: 'mit', recipe: '{"b":2}', note: 'two' },
      { note: 'one', only: 'here' },
    );
    expect(values(plan)).toEqual({
      format: 'pt',
      license: 'mit',
      recipe: [2, '{"a":1,"b":2}'],
      note: [2, 'one\ntwo'],
      only: 'here',
    });
    expect(plan.shards.length).toBeGreaterThan(1);
    for (const { header } of plan.shards) {
      const text = new TextDecoder().decode(header.subarray(8));
      expect(JSON.parse(text).__metadata__).toMatchObject({
        license: 'mit',
        note: 'one\ntwo',
        recipe: '{"a":1,"b":2}',
      });
    }
  });

  it('is joined line by line where objects contradict each other', async () => {
    const plan = await planned({ recipe: '{"a":1}' }, { recipe: '{"a":2}' }, { recipe: '[1]' });
    expect(values(plan)).toEqual({ format: 'pt', recipe: [3, '{"a":1}\n{"a":2}\n[1]'] });
  });
});
