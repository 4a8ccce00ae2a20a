import { describe, expect, it } from 'vitest';
import { detectLayout } from '../layouts/detect.ts';
import { inspectCheckpoint } from '../layouts/inspect.ts';
import { refuseUnusable } from '../layouts/usable.ts';
import { planConversion } from '../plan/conversion.ts';
import { openCheckpoint } from '../programs/opening.ts';
import type { TensorSpec } from '../safetensors/write-header.ts';
import { countingFiles, filesOf, safetensorsBytes } from '../testing.fixture.ts';

const [E, H, I] = [4, 8, 6];
const CONFIG = {
  architectures: ['Qwen3MoeForCausalLM'],
  model_type: 'qwen3_moe',
  hidden_size: H,
  moe_intermediate_size: I,
  num_hidden_layers: 1,
  num_experts: E,
  num_experts_per_tok: 2,
  vocab_size: 16,
};
const PREFIX = 'model.layers.0.mlp';

/** What one of `ranks` holds: all tensors cut in their rows. */
function part(ranks: number, gate = 'gate_up_proj'): TensorSpec[] {
  const tensor = (name: string, ...shape: number[]): TensorSpec => ({ name, dtype: 'BF16', shape });
  return [
    tensor('model.embed_tokens.weight', 16 / ranks, H),
    tensor(`${PREFIX}.gate.weight`, E / ranks, H),
    tensor(`${PREFIX}.experts.${gate}`, E / ranks, 2 * I, H),
    tensor(`${PREFIX}.experts.down_proj`, E / ranks, H, I),
  ];
}

function opened(files: Record<string, string | Uint8Array>, config: object | null = CONFIG) {
  return openCheckpoint(filesOf(config ? { 'config.json': JSON.stringify(config), ...files } : files));
}

/** The one finding about slices, after it has been seen that nothing else is said and that the gate is closed. */
async function slices(files: Record<string, string | Uint8Array>, config: object | null = CONFIG): Promise<string> {
  const checkpoint = await opened(files, config);
  const { findings, layers } = inspectCheckpoint(checkpoint);
  expect(findings.filter(({ tag }) => tag !== 'config-absent')).toHaveLength(1);
  expect(layers.flatMap(({ defects }) => defects)).toEqual([]);
  const message = findings.find(({ tag }) => tag === 'rank-slices')?.message ?? '';
  expect(() => refuseUnusable(checkpoint)).toThrow(message);
  expect(planConversion(checkpoint, 'per-expert').refusals).toContainEqual({ tag: 'checkpoint-defective', message });
  return message;
}

describe('slices that ranks saved', () => {
  it('are told by the metadata that torch writes, and the whole shapes with them', async () => {
    const files = Object.fromEntries(
      [0, 1].map((rank) => {
        const tensors = part(2);
        const offsets = tensors.map(({ name, shape }) => [
          name,
          { saved_offsets: shape.map((size, dim) => (dim === 0 ? rank * size : 0)) },
        ]);
        const metadata = { format: 'pt', DCP_SHARDING_INFO: JSON.stringify(Object.fromEntries(offsets)) };
        return [`part${rank}.safetensors`, safetensorsBytes(tensors, metadata)];
      }),
    );
    expect(await slices(files)).toMatch(/2 ranks.*torch\.distributed\.checkpoint.*consolidate_safetensors_files/);
    expect(await slices(files, null)).toMatch(/2 ranks/);
    const checkpoint = await opened(files);
    expect(checkpoint.tensors.get(`${PREFIX}.experts.down_proj`)?.shape).toEqual([E, H, I]);
    const { parameterCounts, layers, bytes } = inspectCheckpoint(checkpoint);
    expect(parameterCounts.routed).toBe(3 * E * H * I);
    expect(bytes).toBe(2 * parameterCounts.total);
    expect(layers.map(({ experts }) => experts)).toEqual([E]);
  });

  it('survive metadata that says nothing that can be read', async () => {
    const metadata = { DCP_SHARDING_INFO: '{"model.embed_tokens.weight": {"saved_offsets": [-1]}, ' };
    expect(await slices({ 'a.safetensors': safetensorsBytes(part(2), metadata) })).toMatch(/one rank/);
  });

  it.each([
    ['shard-00001-model-00001-of-00001', 'shard-00002-model-00001-of-00001', /2 ranks as torch/],
    ['model-rank-0-part-0', 'model-rank-1-part-0', /2 ranks as vLLM’s or SGLang’s sharded_state/],
    ['model0-mp2', 'model1-mp2', /2 ranks as DeepSeek’s inference\/convert\.py/],
    ['pytorch_model-00006-TP-000', 'pytorch_model-00006-TP-001', /2 ranks as xAI/],
    ['rank0.model', 'rank1.model', /2 ranks as a program that saves on every rank/],
    ['mp_rank_00', 'mp_rank_01', /2 ranks as a program/],
    ['model_tp-0', 'model_tp-1', /2 ranks as a program/],
    ['model_world_size_3_rank_0', 'model_world_size_3_rank_2', /3 ranks as a program.*Nothing of rank 1 is here/],
    ['rank-1-of-2', 'rank-2-of-2', /2 ranks as a program[^.]*\. Join/],
  ])('are told by names: %s', async (first, second, words) => {
    const bytes = safetensorsBytes(part(2));
    expect(await slices({ [`${first}.safetensors`]: bytes, [`${second}.safetensors`]: bytes })).toMatch(words);
  });

  it('with parts of ranks that are not here', async () => {
    const bytes = safetensorsBytes(part(2));
    const files = { 'model0-mp4.safetensors': bytes, 'model2-mp4.safetensors': bytes };
    expect(await slices(files)).toMatch(/4 ranks.*Nothing of rank 1, 3 is here/);
    expect(await slices({ 'model3-mp4.safetensors': bytes })).toMatch(/4 ranks.*Nothing of rank 0, 1, 2 is here/);
    expect(await slices({ 'rank-0-of-2.safetensors': bytes })).toMatch(/2 ranks.*Nothing of rank 1 is here/);
    expect(await slices({ 'model-rank-0-part-0.safetensors': bytes })).toMatch(/how many ranks there were is not said/);
  });

  it('are read all where an index names those of one rank', async () => {
    const [one, two] = [safetensorsBytes(part(2)), safetensorsBytes(part(2))];
    const weightMap = Object.fromEntries(part(2).map(({ name }) => [name, 'pytorch_model-00001-TP-000.safetensors']));
    const files = {
      'pytorch_model-00001-TP-000.safetensors': one,
      'pytorch_model-00001-TP-001.safetensors': two,
      'model.safetensors.index.json': JSON.stringify({ weight_map: weightMap }),
    };
    expect(await slices(files)).toMatch(/2 files hold slices/);
    expect(inspectCheckpoint(await opened(files)).parameterCounts.routed).toBe(3 * E * H * I);
  });

  it('by the distributed checkpoint beside them, and where there is nothing else', async () => {
    const beside = { '__0_0.distcp': 'x', '__1_0.distcp': 'x', '.metadata': 'x' };
    const files = { ...beside, 'model.safetensors': safetensorsBytes(part(1)) };
    expect(await slices(files)).toMatch(
      /2 files hold slices.*2 ranks.*beside __0_0\.distcp .*move them to another folder/,
    );
    await expect(opened(beside)).rejects.toThrow(/no safetensors file.*2 ranks as torch\.distributed\.checkpoint/);
  });

  it('by the folders that ranks have', async () => {
    const bytes = safetensorsBytes(part(2));
    const opening = (...folders: string[]) =>
      opened(Object.fromEntries(folders.map((folder) => [`${folder}/model.safetensors`, bytes])));
    await expect(opening('rank_0', 'rank_1')).rejects.toThrow(/hold what 2 ranks saved/);
    await expect(opening('text', 'vision')).rejects.toThrow(/Its sub-folder text, vision does/);
  });

  it('because files that the index leaves out hold the names that it puts elsewhere', async () => {
    const half = safetensorsBytes(part(2));
    for (const [one, two] of [
      ['model-00001-of-00002', 'model-00002-of-00002'],
      ['model_0', 'model_1'],
    ]) {
      const files = { [`${one}.safetensors`]: half, [`${two}.safetensors`]: half };
      const index = indexOf(`${one}.safetensors`, part(2));
      expect(await slices({ ...files, ...index })).toMatch(
        new RegExp(
          `${one}.safetensors, ${two}.safetensors hold tensors of the same names \\(4 names\\): slices that 2 ranks`,
        ),
      );
      expect(inspectCheckpoint(await opened({ ...files, ...index })).parameterCounts.routed).toBe(3 * E * H * I);
    }
  });

  it('because files hold the same names', async () => {
    const files = { 'a.safetensors': safetensorsBytes(part(2)), 'b.safetensors': safetensorsBytes(part(2)) };
    expect(await slices(files)).toMatch(/a\.safetensors, b\.safetensors hold tensors of the same names \(4 names\)/);
  });
});

function indexOf(file: string, tensors: readonly TensorSpec[]) {
  const weightMap = Object.fromEntries(tensors.map(({ name }) => [name, file]));
  return { 'model.safetensors.index.json': JSON.stringify({ weight_map: weightMap }) };
}

describe('no slices', () => {
  it('where a file that the index leaves out is another whole model, or holds other tensors: it says which', async () => {
    const one = 'model-00001-of-00002.safetensors';
    const two = 'model-00002-of-00002.safetensors';
    const index = indexOf(one, part(1));
    const copies = await opened({ [one]: safetensorsBytes(part(1)), [two]: safetensorsBytes(part(1)), ...index });
    expect(copies.findings.map(({ message }) => message)).toEqual([
      `${two} is not named by the index and not read. ${two} holds 4 tensors, of which the index names all in other files.`,
    ]);
    expect(copies.shards.map(({ file }) => file)).toEqual([one]);
    const other = [{ name: 'lm_head.weight', dtype: 'BF16', shape: [16, H] }] as const;
    const rest = await opened({ [one]: safetensorsBytes(part(1)), [two]: safetensorsBytes(other), ...index });
    expect(rest.findings.map(({ message }) => message)).toEqual([
      `${two} is not named by the index and not read. ${two} holds 1 tensor, of which the index names none.`,
    ]);
  });

  it('and no header is read of files that belong to no series of the index, or of more than eight that do', async () => {
    const name = (number: number) => `model-${String(number).padStart(5, '0')}-of-00030.safetensors`;
    const named = part(1);
    const others = Object.fromEntries(
      Array.from({ length: 20 }, (_, at) => [
        name(at + 2),
        safetensorsBytes([{ name: `t${at}`, dtype: 'BF16', shape: [2] }]),
      ]),
    );
    const aside = { 'consolidated.safetensors': safetensorsBytes(part(1)) };
    const files = { [name(1)]: safetensorsBytes(named), ...others, ...aside, ...indexOf(name(1), named) };
    const counted = countingFiles(filesOf({ 'config.json': JSON.stringify(CONFIG), ...files }));
    await openCheckpoint(counted.files);
    const read = new Set(counted.reads.map(({ file }) => file).filter((file) => file.endsWith('.safetensors')));
    expect([...read].sort()).toEqual(Array.from({ length: 9 }, (_, at) => name(at + 1)));
  });

  it('where a few tensors are doubled', async () => {
    const files = {
      'a.safetensors': safetensorsBytes(part(1)),
      'b.safetensors': safetensorsBytes(part(1).slice(0, 1)),
    };
    const { findings } = await opened(files);
    expect(findings.map(({ tag }) => tag)).toEqual(['index-absent', 'tensor-duplicate']);
  });

  it('where the config shows that each file holds a whole model: two copies', async () => {
    const files = { 'a.safetensors': safetensorsBytes(part(1)), 'b.safetensors': safetensorsBytes(part(1)) };
    const checkpoint = await opened(files);
    expect(checkpoint.findings.filter(({ severity }) => severity === 'error')).toMatchObject([
      { tag: 'tensor-duplicate', message: expect.stringMatching(/The same is true of 3 more tensors/) },
    ]);
    expect(() => refuseUnusable(checkpoint)).toThrow(/no index says which counts/);
  });

  it('where the one rank that saved holds all by the config', async () => {
    const checkpoint = await opened({ 'model-rank-0-part-0.safetensors': safetensorsBytes(part(1)) });
    expect(checkpoint.findings).toEqual([]);
    expect(detectLayout(checkpoint).groups[0]?.experts).toBe(E);
  });

  it('where a model lies beside what ranks saved', async () => {
    const ranks = { 'model-rank-0-part-0.safetensors': safetensorsBytes(part(2)) };
    const { findings, shards } = await opened({ ...ranks, 'model.safetensors': safetensorsBytes(part(1)) });
    expect(shards.map(({ file }) => file)).toEqual(['model.safetensors']);
    expect(findings.map(({ tag }) => tag)).toEqual(['formats-mixed']);
  });

  it('where numbers in names are no ranks of a program', async () => {
    const [one, two] = [safetensorsBytes(part(1).slice(0, 2)), safetensorsBytes(part(1).slice(2))];
    const { findings } = await opened({ 'lora-rank-8.safetensors': one, 'lora-rank-16.safetensors': two });
    expect(findings.map(({ tag }) => tag)).toEqual(['index-absent']);
  });

  it.each(['model-tp2', 'model-mp4', 'ema-rank-1'])('where one file has a number: %s', async (name) => {
    const { findings } = await opened({ [`${name}.safetensors`]: safetensorsBytes(part(1)) });
    expect(findings).toEqual([]);
  });
});
