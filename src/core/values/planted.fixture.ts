import type { Projection } from '../layouts/types.ts';
import { safetensorsBytes } from '../testing.fixture.ts';
import type { ValueFinding } from './findings.ts';

const ROWS = 16;
const COLUMNS = 24;
const EXPERTS = 12;
const PROJECTIONS: readonly Projection[] = ['gate', 'up', 'down'];

/** bf16 bits of a number, truncated. */
const bf16 = (value: number) => (new Uint32Array(Float32Array.of(value).buffer)[0] ?? 0) >>> 16;

/** What becomes of a number of the noise. */
export type Change = (value: number, expert: number, projection: Projection, index: number) => number;

/** Layers of twelve experts of noise, the last of them changed. */
export function plantedFiles(change: Change, layers = 1): Record<string, string | Uint8Array> {
  let state = 1;
  const noise = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32 - 0.5) * 0.1;
  };
  const matrix = (layer: number, expert: number, projection: Projection) => {
    const changed = layer === layers - 1 ? change : (value: number) => value;
    const words = Uint16Array.from({ length: ROWS * COLUMNS }, (_, i) => bf16(changed(noise(), expert, projection, i)));
    const shape = projection === 'down' ? [COLUMNS, ROWS] : [ROWS, COLUMNS];
    const name = `model.layers.${layer}.mlp.experts.${expert}.${projection}_proj.weight`;
    return { name, dtype: 'BF16' as const, shape, bytes: new Uint8Array(words.buffer) };
  };
  const tensors = Array.from({ length: layers * EXPERTS }, (_, i) =>
    PROJECTIONS.map((projection) => matrix(Math.floor(i / EXPERTS), i % EXPERTS, projection)),
  ).flat();
  const config = JSON.stringify({ model_type: 'qwen3_moe', num_experts: EXPERTS, num_hidden_layers: layers });
  return { 'config.json': config, 'model.safetensors': safetensorsBytes(tensors) };
}

const fixed = (projection: Projection, i: number) => Math.sin(i + PROJECTIONS.indexOf(projection)) * 0.05;

/** One of each fault that numbers can show; {@link PLANTED_FINDINGS} are what must be said of them. */
export const plantedFaults: Change = (value, expert, projection, i) => {
  if (expert === 1) return 0;
  if (expert === 2 && projection === 'up') return 0;
  if (expert === 3 || expert === 7) return fixed(projection, i);
  if ((expert === 4 || expert === 5) && projection === 'down') return fixed('gate', i + 1);
  if (expert === 6 && projection === 'gate' && i === 100) return Number.NaN;
  if (expert === 8 && i === 3) return Number.POSITIVE_INFINITY;
  if (expert === 9) return value * 40;
  if (expert === 10 && projection === 'down') return value / 50;
  if (expert === 11 && projection === 'up' && i === 0) return 30;
  return value;
};

/** As {@link briefly} says them. */
export const PLANTED_FINDINGS: readonly string[] = [
  'dead-expert 1 ',
  'dead-matrix 2 up',
  'not-finite 6 gate',
  'not-finite 8 down',
  'not-finite 8 gate',
  'not-finite 8 up',
  'outlier-expert 10 down',
  'outlier-expert 11 up',
  'outlier-expert 9 down',
  'outlier-expert 9 gate',
  'outlier-expert 9 up',
  'twin-experts 3+7 ',
  'twin-matrices 4+5 down',
];

/** Tag, experts and projection of a finding. */
export function briefly({ tag, experts, projection }: ValueFinding): string {
  return [tag, experts.map(({ expert }) => expert).join('+'), projection].join(' ');
}
