import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hubFolder, safetensorsBytes } from '../core/testing.fixture.ts';
import { json, run, writeFolder } from './run.fixture.ts';

let work: string;

const folder = (name: string, files: Readonly<Record<string, string | Uint8Array>> = {}) =>
  writeFolder(join(work, name), files);

const dense = () => safetensorsBytes([{ name: 'model.layers.0.mlp.down_proj.weight', dtype: 'F32', shape: [2, 2] }]);

beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'moe-loom-sentences-'));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

describe('sentences', () => {
  const cases: [string, () => string, readonly string[], number, RegExp][] = [
    [
      'a folder with no safetensors',
      () => folder('empty', { 'a.txt': 'x' }),
      ['inspect'],
      2,
      /There is no safetensors file in .*empty\./,
    ],
    [
      'weights in other formats only',
      () => folder('bin', { 'pytorch_model.bin': 'x' }),
      ['inspect'],
      2,
      /1 file of PyTorch pickle \(\.bin, \.pt, \.pth\); only safetensors/,
    ],
    [
      'a sub-folder that has them',
      () => folder('nested', { 'sub/model.safetensors': dense() }),
      ['inspect'],
      2,
      /Its sub-folder sub does: open that/,
    ],
    [
      'pieces of one file, checked',
      () => folder('pieces-2', { 'model.safetensors.001': 'x', 'model.safetensors.002': 'y' }),
      ['check'],
      2,
      /2 files .*look like pieces of one/,
    ],
    [
      'pieces of one file',
      () => folder('pieces', { 'model.safetensors.part-aa': 'x', 'model.safetensors.part-ab': 'y' }),
      ['inspect'],
      2,
      /2 files \(model\.safetensors\.part-aa, model\.safetensors\.part-ab\) look like pieces of one.*into model\.safetensors/,
    ],
    [
      'downloads that have only begun',
      () => folder('begun', { 'model.safetensors.crdownload': 'x' }),
      ['inspect'],
      2,
      /model\.safetensors\.crdownload is what a download leaves that is unfinished/,
    ],
    [
      'an index alone',
      () => folder('index', { 'model.safetensors.index.json': '{"metadata":{},"weight_map":{"a":"b.safetensors"}}' }),
      ['inspect'],
      2,
      /model\.safetensors\.index\.json names the shards, and none of them is here/,
    ],
    [
      'no MoE',
      () => folder('dense', { 'model.safetensors': dense(), 'config.json': '{"model_type":"llama"}' }),
      ['convert'],
      1,
      /There are no routed experts in this checkpoint/,
    ],
    [
      'a LoRA adapter',
      () => folder('lora', { 'adapter_model.safetensors': dense(), 'adapter_config.json': '{}' }),
      ['convert'],
      1,
      /LoRA adapter.*Merge it into/,
    ],
    [
      'LFS pointers',
      () =>
        folder('lfs', {
          'model.safetensors': `version https://git-lfs.github.com/spec/v1\noid sha256:${'ab'.repeat(32)}\nsize 4998663256\n`,
          'config.json': '{}',
        }),
      ['inspect'],
      1,
      /Git LFS pointer.*(4998663256|4,998,663,256)/s,
    ],
    [
      'an output folder that is not empty',
      () => hubFolder('qwen3_moe'),
      ['convert', folderArg('full')],
      2,
      /output folder .* is not empty/,
    ],
    [
      'an output inside the source',
      () => folder('self', { 'model.safetensors': dense() }),
      ['convert', 'SELF'],
      1,
      /no routed experts/,
    ],
  ];

  function folderArg(name: string): string {
    return `FULL:${name}`;
  }

  it.each(cases)('%s', async (_name, make, [command = '', out], code, sentence) => {
    const source = make();
    const target = out?.startsWith('FULL:')
      ? folder(out.slice(5), { keep: 'me' })
      : out === 'SELF'
        ? join(source, 'out')
        : join(work, 'never');
    const args = command === 'convert' ? ['convert', source, '--to', 'stacked', '--out', target] : [command, source];
    const outcome = await run(...args);
    expect(outcome.stderr + outcome.stdout).toMatch(sentence);
    expect(outcome.code).toBe(code);
    expect(existsSync(join(work, 'never'))).toBe(false);
  });

  it('refuses to write into the source', async () => {
    const source = folder('own');
    cpSync(hubFolder('qwen3_moe'), source, { recursive: true });
    const outcome = await run('convert', source, '--to', 'stacked', '--out', join(source, 'deep', 'out'));
    expect(outcome).toMatchObject({ code: 2, stderr: expect.stringMatching(/is the source or lies inside it/) });
    expect(existsSync(join(source, 'deep'))).toBe(false);
  });

  it('says what of 5 shards is missing, shows the rest, and converts nothing', async () => {
    const source = folder('three-of-five');
    cpSync(hubFolder('mixtral'), source, { recursive: true });
    rmSync(join(source, 'model-00002-of-00005.safetensors'));
    rmSync(join(source, 'model-00004-of-00005.safetensors'));
    const inspected = await json('inspect', source);
    expect(inspected.code).toBe(1);
    const severity = 'error';
    expect(inspected.value.findings.slice(0, 2)).toEqual([
      { tag: 'shard-missing', severity, message: expect.stringContaining('model-00002-of-00005.safetensors') },
      { tag: 'shard-missing', severity, message: expect.stringContaining('model-00004-of-00005.safetensors') },
    ]);
    rmSync(join(source, 'model.safetensors.index.json'));
    const unindexed = await json('inspect', source);
    expect(unindexed.value.findings[0].message).toMatch(
      /3 of 5 shards are here; model-00002-of-00005\.safetensors, model-00004-of-00005\.safetensors are missing/,
    );
    const converted = await run('convert', source, '--to', 'stacked', '--out', join(work, 'never'));
    expect(converted.code).toBe(1);
    expect(existsSync(join(work, 'never'))).toBe(false);
    const checked = await json('check', source);
    expect(checked).toMatchObject({ code: 1, value: { findings: [{ tag: 'shard-missing' }] } });
  });

  it('a lone shard without config or index is shown with what is missing', async () => {
    const name = 'model-00002-of-00003.safetensors';
    // Among the others it represents the whole checkpoint.
    expect((await json('inspect', join(hubFolder('qwen3_moe'), name))).value.findings).toEqual([]);
    const source = join(work, 'lone', name);
    mkdirSync(join(work, 'lone'));
    cpSync(join(hubFolder('qwen3_moe'), name), source);
    const { code, value } = await json('inspect', source);
    expect(code).toBe(1);
    expect(value.modelType).toBeNull();
    expect(value.findings.map((finding: { tag: string }) => finding.tag)).toEqual(['shard-missing', 'config-absent']);
  });
});
