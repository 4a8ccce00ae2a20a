/** Strict header parsing against `JSON.parse`, which checks next to nothing: one JSON line, medians in milliseconds. */
import { readFileSync } from 'node:fs';
import { LENGTH_BYTES, parseHeader, parseHeaderLength } from '../src/core/safetensors/parse-header.ts';
import { layoutHeader, type TensorSpec } from '../src/core/safetensors/write-header.ts';

const RUNS = 15;
const TENSORS = 50_000;
const EXPERTS = 512;
const LOOSE = new TextDecoder();

interface Sample {
  readonly json: Uint8Array;
  readonly fileSize: number;
}

interface Timing {
  readonly bytes: number;
  readonly tensors: number;
  readonly strict_ms: number;
  readonly json_parse_ms: number;
  readonly ratio: number;
}

function fixtureSample(): Sample {
  const url = new URL('../fixtures/safetensors/files/v-header-50k-tensors.safetensors', import.meta.url);
  const bytes = new Uint8Array(readFileSync(url));
  const length = parseHeaderLength(bytes, { file: url.pathname, fileSize: bytes.length });
  return { json: bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length), fileSize: bytes.length };
}

/** Names, dtypes and shapes as a large expert model has them, headers only. */
function modelSample(): Sample {
  const projections = ['gate_proj', 'up_proj', 'down_proj'] as const;
  const specs = Array.from({ length: TENSORS }, (_, i): TensorSpec => {
    const projection = projections[i % 3] ?? 'gate_proj';
    const expert = Math.floor(i / 3) % EXPERTS;
    const layer = Math.floor(i / 3 / EXPERTS);
    const shape = projection === 'down_proj' ? [4096, 1536] : [1536, 4096];
    return { name: `model.layers.${layer}.mlp.experts.${expert}.${projection}.weight`, dtype: 'BF16', shape };
  });
  const { bytes, fileSize } = layoutHeader(specs, new Map([['format', 'pt']]));
  return { json: bytes.subarray(LENGTH_BYTES), fileSize };
}

function parseStrictly({ json, fileSize }: Sample): number {
  return parseHeader(json, { file: 'bench', fileSize }).tensors.size;
}

function parseLoosely({ json }: Sample): number {
  return JSON.parse(LOOSE.decode(json)) ? 1 : 0;
}

function time(work: () => number): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function measure(sample: Sample): Timing {
  const strict: number[] = [];
  const loose: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    strict.push(time(() => parseStrictly(sample)));
    loose.push(time(() => parseLoosely(sample)));
  }
  const ours = median(strict);
  const theirs = median(loose);
  return {
    bytes: sample.json.length,
    tensors: parseStrictly(sample),
    strict_ms: round(ours),
    json_parse_ms: round(theirs),
    ratio: round(ours / theirs),
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

console.log(
  JSON.stringify({ bench: 'header', runs: RUNS, model: measure(modelSample()), fixture: measure(fixtureSample()) }),
);
