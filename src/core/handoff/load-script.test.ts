import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { detectLayout } from '../layouts/detect.ts';
import type { ProgramId } from '../programs/all.ts';
import { type ConsumerVerdict, expertSamples, LOADERS, loadScript, predictLoads } from '../programs/loading.ts';
import { bytesOf } from '../safetensors/dtype.ts';
import { ARCHITECTURES, openFixture, type PlainTensor, truthOf } from '../testing.fixture.ts';
import { canonicalBytes, type ExpertSample, type ModelSlice, viewRange } from './load-script-samples.ts';

const plain: ConsumerVerdict = {
  id: 'transformers-5',
  title: 'transformers 5',
  version: '5.17.0',
  verdict: 'partial',
  missing: ['model.layers.0.mlp.experts.gate_up_proj'],
  unexpected: ["model.layers.0.mlp.experts.it's \\ “odd”"],
  mismatched: [],
  evidence: { kind: 'run', source: 'a test', date: '2026-11-22' },
  cure: null,
  needs: [],
};

function scriptOf(predicted: ConsumerVerdict): string {
  const made = loadScript(predicted);
  if ('reason' in made) throw new Error(made.reason);
  return made.script;
}

describe('the script', () => {
  test('carries the prediction as JSON, whatever the names are', () => {
    const script = scriptOf(plain);
    const json = /json\.loads\(r'''([\s\S]*?)'''\)/.exec(script)?.[1] ?? '';
    expect(JSON.parse(json)).toMatchObject({
      missing: plain.missing,
      unexpected: plain.unexpected,
      verdict: 'partial',
    });
    expect(script).not.toMatch(/@@/);
  });

  test.skipIf(!hasPython())('is Python', () => {
    const folder = mkdtempSync(join(tmpdir(), 'moe-loom-script-'));
    try {
      for (const id of ['transformers-5', 'mlx'] as const) {
        const path = join(folder, `${id}.py`);
        writeFileSync(path, scriptOf({ ...plain, id }));
        execFileSync('python3', ['-m', 'py_compile', path]);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('there is one, or a sentence why not, for every consumer', () => {
    const ids = LOADERS.map(({ id }) => id);
    const scripted = ids.filter((id) => 'script' in loadScript({ ...plain, id }));
    expect(scripted).toEqual(['transformers-5', 'transformers-4.57', 'mlx', 'fork-qwen3-moe-ep']);
    for (const id of ids) {
      const made = loadScript({ ...plain, id });
      if ('reason' in made) expect(made.reason).toMatch(/^[A-Z\w].*\.$/);
    }
    expect(loadScript({ ...plain, verdict: 'unknown' })).toHaveProperty('reason');
  });
});

function hasPython(): boolean {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function samplesOf(architecture: string, id: ProgramId) {
  const { checkpoint, files } = await openFixture(architecture);
  const layout = detectLayout(checkpoint);
  const predicted = predictLoads(checkpoint, layout).find((verdict) => verdict.id === id) ?? plain;
  return { checkpoint, files, samples: expertSamples(checkpoint, layout, predicted) };
}

/** What the script does with a loaded tensor, on the bytes that the real program held. */
function cutOut(tensor: PlainTensor, slice: ModelSlice): Uint8Array {
  const size = bytesOf('BF16', 1);
  const [experts = 1] = tensor.shape;
  const [rows = 0, columns = 0] = tensor.shape.slice(-2);
  const block = tensor.bytes.subarray(0).length / experts;
  const own =
    slice.expert === null ? tensor.bytes : tensor.bytes.subarray(slice.expert * block, (slice.expert + 1) * block);
  const [height, width] = slice.turned ? [columns, rows] : [rows, columns];
  const pick = Array.from({ length: height }, (_, row) => row).filter((row) => {
    if (slice.half === null) return true;
    return slice.alternating ? row % 2 === slice.half : Math.floor(row / (height / 2)) === slice.half;
  });
  const out = pick.flatMap((row) =>
    Array.from({ length: width }, (_, column) => {
      const at = (slice.turned ? column * columns + row : row * columns + column) * size;
      return [...own.subarray(at, at + size)];
    }).flat(),
  );
  return Uint8Array.from(out);
}

describe.each(ARCHITECTURES)('samples of %s', (architecture) => {
  test('are where transformers 5 holds them, with the same bytes', async () => {
    const { checkpoint, files, samples } = await samplesOf(architecture, 'transformers-5');
    const truth = await truthOf(architecture);
    expect(samples.length).toBeGreaterThanOrEqual(6);
    for (const sample of samples) {
      const held = truth.get(sample.slice.tensor);
      if (!held) throw new Error(`transformers holds no ${sample.slice.tensor}.`);
      expect(sha(cutOut(held, sample.slice))).toBe(sha(await bytesOfSample(sample, checkpoint, files)));
    }
  });
});

test('a program that keeps names is asked for the tensors of the files', async () => {
  const { checkpoint, samples } = await samplesOf('mixtral', 'transformers-4.57');
  expect(samples.map(({ slice }) => slice.tensor).every((name) => checkpoint.tensors.has(name))).toBe(true);
  expect(samples[0]?.slice).toMatchObject({ expert: null, half: null, turned: false });
});

test('what is predicted not to load is not sampled', async () => {
  const { checkpoint } = await openFixture('qwen3_moe');
  const layout = detectLayout(checkpoint);
  expect(expertSamples(checkpoint, layout, { ...plain, verdict: 'refuses' })).toEqual([]);
  const samples = expertSamples(checkpoint, layout, plain);
  expect(samples.map(({ slice }) => slice.tensor)).not.toContain(plain.missing[0]);
  expect(samples.length).toBeGreaterThan(0);
});

type Opened = Awaited<ReturnType<typeof openFixture>>;

async function bytesOfSample(sample: ExpertSample, checkpoint: Opened['checkpoint'], files: Opened['files']) {
  const tensor = checkpoint.tensors.get(sample.view.tensor);
  if (!tensor) throw new Error(`No ${sample.view.tensor}.`);
  const size = bytesOf(tensor.dtype, 1);
  const [first, end] = viewRange(sample.view);
  const source = await files.open(tensor.file);
  const bytes = await source.read({ start: tensor.start + first * size, end: tensor.start + end * size });
  await source.dispose?.();
  return canonicalBytes(bytes, sample.view, size);
}

function sha(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
