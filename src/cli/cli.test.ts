import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FIXTURES, hubFolder } from '../core/testing.fixture.ts';
import { json, run, writeFolder } from './run.fixture.ts';

let work: string;

const folder = (name: string, files: Readonly<Record<string, string | Uint8Array>> = {}) =>
  writeFolder(join(work, name), files);

beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'moe-loom-cli-'));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

describe('inspect', () => {
  it('prints the contract', async () => {
    const { code, value } = await json('inspect', hubFolder('qwen3_moe'));
    expect(code).toBe(0);
    expect(value).toEqual({
      version: 1,
      modelType: 'qwen3_moe',
      tensors: 104,
      parameters: 311328,
      parameterCounts: {
        total: 311328,
        active: 145440,
        activeWithoutInput: 129056,
        activeWithoutEmbeddings: 112672,
        routed: 221184,
        shared: 0,
        embeddings: { input: 16384, output: 16384 },
        mtp: 0,
        perDtype: { BF16: 311328 },
      },
      bytes: 622656,
      shards: 3,
      layout: 'per-expert',
      layers: [
        {
          prefix: 'model.layers.0.mlp',
          index: 0,
          kind: 'moe',
          family: 'per-expert',
          dialect: 'projections',
          experts: 12,
          defects: [],
        },
        {
          prefix: 'model.layers.1.mlp',
          index: 1,
          kind: 'dense',
          family: null,
          dialect: null,
          experts: null,
          defects: [],
        },
        {
          prefix: 'model.layers.2.mlp',
          index: 2,
          kind: 'moe',
          family: 'per-expert',
          dialect: 'projections',
          experts: 12,
          defects: [],
        },
      ],
      findings: [],
    });
  });

  it('reads a repo of the local Hub cache, whose snapshots are links', async () => {
    const cache = folder('hub/models--tiny--moe/blobs');
    const snapshot = folder('hub/models--tiny--moe/snapshots/abc');
    folder('hub/models--tiny--moe/refs', { main: 'abc' });
    for (const [number, name] of readdirSync(hubFolder('qwen3_moe')).entries()) {
      cpSync(join(hubFolder('qwen3_moe'), name), join(cache, `blob${number}`));
      symlinkSync(join('..', '..', 'blobs', `blob${number}`), join(snapshot, name));
    }
    symlinkSync('/etc/hostname', join(snapshot, 'outside.json'));
    for (const source of [join(work, 'hub/models--tiny--moe'), snapshot]) {
      const { code, value } = await json('inspect', source);
      expect(code).toBe(0);
      expect(value).toMatchObject({ tensors: 104, shards: 3, findings: [] });
    }
  });

  it('of an output says partial', async () => {
    const out = join(work, 'partial');
    const { value } = await json('convert', hubFolder('qwen3_moe'), '--to', 'stacked', '--layers', '2', '--out', out);
    expect(value.partial).toBe(true);
    const inspected = await json('inspect', out);
    expect(inspected.code).toBe(0);
    expect(inspected.value.findings).toEqual([
      { tag: 'partial', message: expect.stringContaining('layers 2'), severity: 'warning' },
    ]);
    expect(JSON.parse(readFileSync(join(out, 'moe-loom-report.json'), 'utf8'))).toMatchObject({
      scope: 'partial',
      layers: [2],
    });
    expect((await json('verify', hubFolder('qwen3_moe'), out)).value).toMatchObject({ equal: true, differences: [] });
  });
});

describe('plan, convert and verify', () => {
  it('go from a folder to a proven one, with what a user expects beside the weights', async () => {
    const source = folder('rich');
    cpSync(hubFolder('mixtral'), source, { recursive: true });
    folder('rich', {
      'tokenizer.json': '{}',
      'modeling_x.py': 'pass',
      LICENSE: 'text',
      'README.md': '# card',
      'pytorch_model.bin': 'x',
      'original/consolidated.pth': 'x',
      '.gitattributes': 'x',
    });
    const out = join(work, 'fused');
    const plan = await json('plan', source, '--to', 'gate-up');
    expect(plan.code).toBe(0);
    expect(plan.value).toMatchObject({ target: 'gate-up', scope: 'whole', tensors: 30, refusals: [] });
    const { code, value, stderr } = await json(
      'convert',
      source,
      '--to',
      'gate-up',
      '--out',
      out,
      '--max-shard-size',
      '300kB',
    );
    expect(code).toBe(0);
    expect(stderr).toBe('');
    expect(value).toEqual({
      version: 1,
      out,
      tensors: 30,
      bytes: plan.value.bytes,
      shards: readdirSync(out)
        .filter((name) => name.endsWith('.safetensors'))
        .sort(),
      partial: false,
      skipped: ['README.md', 'original/consolidated.pth', 'pytorch_model.bin'],
      verified: { equal: true, tensors: 30, bytes: plan.value.bytes },
      // A folder states no hashes.
      sourceHashes: { checked: [], partlyRead: [], unchecked: value.sourceHashes.unchecked },
    });
    expect(value.sourceHashes.unchecked).toHaveLength(5);
    for (const name of [
      'tokenizer.json',
      'modeling_x.py',
      'LICENSE',
      'generation_config.json',
      'moe-loom-report.json',
    ]) {
      expect(existsSync(join(out, name)), name).toBe(true);
    }
    expect(readdirSync(out).filter((name) => name.startsWith('.'))).toEqual([]);
    expect((await json('check', out)).value.files.every((file: { valid: boolean }) => file.valid)).toBe(true);
    const verified = await json('verify', source, out);
    expect(verified).toMatchObject({ code: 0, value: { equal: true, tensors: 96, differences: [] } });
  });

  it('offers a model card for the result', async () => {
    const out = join(work, 'carded');
    const { code } = await json('convert', hubFolder('qwen3_moe'), '--to', 'gate-up', '--out', out, '--card');
    expect(code).toBe(0);
    const card = readFileSync(join(out, 'README.md'), 'utf8');
    expect(card).toMatch(/^---\n/);
    for (const words of ['gate_up_proj', '[12, 96, 64]', 'transformers', '622,656 bytes', '1, 2, 3, 4, 6']) {
      expect(card).toContain(words);
    }
  });

  it('draws the first converted layer beside the card, before and after, and proves the result all the same', async () => {
    const out = join(work, 'drawn');
    const source = hubFolder('qwen3_moe');
    const { code } = await json('convert', source, '--to', 'gate-up', '--out', out, '--card', '--picture');
    expect(code).toBe(0);
    const card = readFileSync(join(out, 'README.md'), 'utf8');
    expect(card).toMatch(/!\[Layer 0: per-expert.*\]\(layout-before\.svg\)/);
    expect(card).toMatch(/!\[Layer 0: gate-up.*\]\(layout-after\.svg\)/);
    const drawn = (name: string) => readFileSync(join(out, `layout-${name}.svg`), 'utf8');
    expect(drawn('before')).toContain('experts.{i}.gate_proj.weight');
    expect(drawn('after')).toContain('experts.gate_up_proj');
    expect(drawn('after')).toContain('After the conversion to gate-up.');
    expect((await json('verify', source, out)).value).toMatchObject({ equal: true });
    const again = join(work, 'drawn-again');
    const back = await json('convert', out, '--to', 'per-expert', '--out', again);
    expect(back.value.skipped).toEqual(expect.arrayContaining(['README.md', 'layout-before.svg', 'layout-after.svg']));
    expect(readdirSync(again).filter((name) => name.endsWith('.svg'))).toEqual([]);
    expect((await run('convert', source, '--to', 'gate-up', '--out', join(work, 'no'), '--picture')).code).toBe(2);
  });

  it('verify exits 1 and names the original tensor when one byte is flipped', async () => {
    const out = join(work, 'flipped');
    await run('convert', hubFolder('deepseek_v3'), '--to', 'stacked', '--out', out);
    const file = join(out, 'model.safetensors');
    const bytes = readFileSync(file);
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 0x80;
    writeFileSync(file, bytes);
    const { code, value } = await json('verify', hubFolder('deepseek_v3'), out);
    expect(code).toBe(1);
    expect(value.equal).toBe(false);
    expect(value.differences).toHaveLength(1);
    const config = JSON.parse(readFileSync(join(hubFolder('deepseek_v3'), 'model.safetensors.index.json'), 'utf8'));
    expect(Object.keys(config.weight_map)).toContain(value.differences[0].tensor);
  });

  it('refuses what it does not understand with exit 2', async () => {
    const source = hubFolder('qwen3_moe');
    for (const args of [
      ['convert', source],
      ['convert', source, '--to', 'nonsense', '--out', join(work, 'x')],
      ['plan', source, '--to', 'stacked', '--layers', '3-1'],
      ['plan', source, '--to', 'stacked', '--max-shard-size', 'big'],
      ['inspect', join(work, 'nowhere')],
      ['nonsense'],
    ]) {
      const { code, stderr } = await run(...args);
      expect(code, args.join(' ')).toBe(2);
      expect(stderr).not.toBe('');
    }
  });
});

describe('check', () => {
  it('gives valid, invalid and findings their exit codes', async () => {
    const files = join(FIXTURES, 'safetensors', 'files');
    expect((await run('check', join(files, 'v-empty-object.safetensors'))).code).toBe(0);
    const bad = await json('check', join(files, 'i-utf16-header.safetensors'));
    expect(bad.code).toBe(1);
    expect(bad.value.files).toEqual([
      {
        file: 'i-utf16-header.safetensors',
        valid: false,
        error: { tag: 'header-json-invalid', message: expect.any(String) },
      },
    ]);
    const warned = await json('check', join(FIXTURES, 'safetensors', 'index', 'warn-total-size'));
    expect(warned.code).toBe(0);
    expect(warned.value.findings).toEqual([{ tag: 'total-size-wrong', message: expect.any(String) }]);
  });
});
