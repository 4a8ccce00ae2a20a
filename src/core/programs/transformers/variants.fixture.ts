import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RealNames } from '../../layouts/checkpoints.fixture.ts';

/** Shapes by tensor name. */
export type Shapes = Readonly<Record<string, readonly number[]>>;

export interface Said {
  readonly error?: 'sizes' | 'conversion';
  readonly missing?: readonly string[];
  readonly unexpected?: readonly string[];
  readonly mismatched?: readonly string[];
}

const FIXTURES = join(import.meta.dirname, '../../../../fixtures');

/** What the real transformers said of every variant of every model type; names folded. */
export function readLoadsMore(): Readonly<Record<string, Readonly<Record<string, Said>>>> {
  return JSON.parse(readFileSync(join(FIXTURES, 'loads-more.json'), 'utf8')).types;
}

/** `layers.{0,1}.x` → `layers.0.x`, `layers.1.x`; sorted. */
export function unfold(names: readonly string[] = []): string[] {
  const open = (name: string): string[] => {
    const [braces, list] = /\{([\d,]+)\}/.exec(name) ?? [];
    if (braces === undefined || list === undefined) return [name];
    return list.split(',').flatMap((number) => open(name.replace(braces, number)));
  };
  return names.flatMap(open).sort();
}

const FUSED = /experts\.(gate_up_proj|down_proj)$/;
const STORED =
  /experts\.\d+\.|experts\.(gate_up_proj|down_proj|up_proj|w13|w2|fc[12])|(input|output)_linear|moe\.(gate|up|down)_proj/;
const RENAMED: Readonly<Record<string, (base: string, projection: string) => string>> = {
  stacked: (base, p) => base + p,
  'stacked.weight': (base, p) => `${base}${p}.weight`,
  'no-experts-segment': (base, p) => `${base.slice(0, -'experts.'.length)}${p}.weight`,
  switch_mlp: (base, p) => `${base.slice(0, -'experts.'.length)}switch_mlp.${p}.weight`,
};

function dialect(memory: Shapes, which: string): Shapes {
  const out: Record<string, readonly number[]> = {};
  for (const [name, shape] of Object.entries(memory)) {
    const projection = FUSED.exec(name)?.[1];
    if (projection === undefined) out[name] = shape;
    else Object.assign(out, rewritten(name.slice(0, -projection.length), projection, shape, which));
  }
  return out;
}

function rewritten(base: string, projection: string, shape: readonly number[], which: string): Shapes {
  const [experts = 0, rows = 0, columns = 0] = shape;
  const parts: Shapes =
    projection === 'gate_up_proj'
      ? { gate_proj: [experts, rows / 2, columns], up_proj: [experts, rows / 2, columns] }
      : { [projection]: shape };
  const renamed = RENAMED[which];
  if (renamed) return Object.fromEntries(Object.entries(parts).map(([part, dims]) => [renamed(base, part), dims]));
  if (which === 'per-expert') {
    const each = (expert: number) =>
      Object.entries(parts).map(([part, dims]) => [`${base}${expert}.${part}.weight`, dims.slice(1)] as const);
    return Object.fromEntries(Array.from({ length: experts }, (_, expert) => each(expert)).flat());
  }
  const name = `${base}${projection}${which === 'gate_up.weight' ? '.weight' : ''}`;
  return { [name]: which === 'gate_up-transposed' ? [experts, columns, rows] : shape };
}

function shapesOf(tensors: RealNames['disk']): Shapes {
  return Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, shape]));
}

function pick(shapes: Shapes, keep: (name: string) => boolean): Shapes {
  return Object.fromEntries(Object.entries(shapes).filter(([name]) => keep(name)));
}

function rename(shapes: Shapes, to: (name: string) => string): Shapes {
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [to(name), shape]));
}

function layerOf(name: string): number | null {
  const layer = /layers\.(\d+)\./.exec(name)?.[1];
  return layer === undefined ? null : Number(layer);
}

/** The same checkpoints as fixtures/loads-more.py makes, as shapes by name. */
export function variantsOf(real: RealNames): Readonly<Record<string, Shapes>> {
  const memory = shapesOf(real.memory);
  const disk = shapesOf(real.disk);
  const dialects = ['gate_up', 'gate_up.weight', ...Object.keys(RENAMED), 'gate_up-transposed', 'per-expert'];
  const bare = (name: string) => name.replace(/^model\./, '');
  return {
    hub: disk,
    ...Object.fromEntries(dialects.map((which) => [which, dialect(memory, which)])),
    'hub-no-expert-3': pick(disk, (name) => !/experts\.3\./.test(name)),
    'hub-no-up': pick(disk, (name) => !/experts\.\d+\.(up_proj|w3)\./.test(name)),
    'hub-no-down': pick(disk, (name) => !/experts\.\d+\.(down_proj|w2)\.|experts\.down_proj$/.test(name)),
    both: { ...disk, ...memory },
    'bare-prefix': rename(disk, bare),
    'bare-prefix-memory': rename(memory, bare),
    'extra-prefix': rename(disk, (name) => `model.${name}`),
    ...predictionLayers(disk),
    ...someLayers(disk, dialect(memory, 'stacked')),
  };
}

/** With a layer of multi-token prediction, as one more layer or as a stack of its own. */
function predictionLayers(disk: Shapes): Readonly<Record<string, Shapes>> {
  const last = Math.max(0, ...Object.keys(disk).map((name) => layerOf(name) ?? 0));
  const here = `layers.${last}.`;
  const experts = (name: string) => name.includes(here) && name.split(here)[1]?.includes('expert') === true;
  const extra = pick(disk, (name) => experts(name) && !name.includes('shared'));
  return {
    'hub-mtp-extra': { ...disk, ...rename(extra, (name) => name.replace(here, `layers.${last + 1}.`)) },
    'hub-mtp-stack': { ...disk, ...rename(extra, (name) => `mtp.layers.0.${name.split(here)[1]}`) },
  };
}

/** The first layer with experts in another layout; and no other layer's experts at all. */
function someLayers(disk: Shapes, stacked: Shapes): Readonly<Record<string, Shapes>> {
  const sparse = Object.keys(disk).filter((name) => STORED.test(name) && !name.includes('shared'));
  const layers = sparse.map(layerOf).filter((layer) => layer !== null);
  if (layers.length === 0) return {};
  const first = Math.min(...layers);
  const here = (name: string) => layerOf(name) === first;
  return {
    mixed: { ...pick(disk, (name) => !here(name)), ...pick(stacked, here) },
    'one-layer': pick(disk, (name) => layerOf(name) === null || here(name) || !STORED.test(name)),
  };
}
