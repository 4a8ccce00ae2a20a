import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FIXTURES, hubFolder, safetensorsBytes } from '../core/testing.fixture.ts';

const BIN = fileURLToPath(new URL('../../dist/cli/moe-loom.js', import.meta.url));
let work: string;

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built program, as a user runs it. */
function run(...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [BIN, ...args], { maxBuffer: 64e6 }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

async function json(...args: string[]) {
  const outcome = await run(...args, '--json');
  return { code: outcome.code, value: JSON.parse(outcome.stdout), stderr: outcome.stderr };
}

function folder(name: string, files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const path = join(work, name);
  mkdirSync(path, { recursive: true });
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(join(path, file, '..'), { recursive: true });
    writeFileSync(join(path, file), content);
  }
  return path;
}

const dense = () => safetensorsBytes([{ name: 'model.layers.0.mlp.down_proj.weight', dtype: 'F32', shape: [2, 2] }]);

beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'moe-loom-cli-'));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

describe('inspect', () => {
  it('prints the contract', async () => {
    const { code, value } = await json('inspect', hubFolder('qwen3_moe'));
    expect(code).toBe(0);
    expect(value).toEqual({
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
      /1 weight files? in other formats; only safetensors/,
    ],
    [
      'a sub-folder that has them',
      () => folder('nested', { 'sub/model.safetensors': dense() }),
      ['inspect'],
      2,
      /Its sub-folder sub does: open that/,
    ],
    [
      'pieces of one file',
      () => folder('pieces', { 'model.safetensors.part-aa': 'x', 'model.safetensors.part-ab': 'y' }),
      ['inspect', 'check'],
      2,
      /2 files \(model\.safetensors\.part-aa, model\.safetensors\.part-ab\) look like pieces of one.*into model\.safetensors/,
    ],
    [
      'downloads that have only begun',
      () => folder('begun', { 'model.safetensors.crdownload': 'x' }),
      ['inspect', 'check'],
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
    // Among the others it stands for the whole checkpoint.
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
