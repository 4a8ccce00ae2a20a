import { type Budget, createBudget } from '../budget.ts';
import type { Checkpoint } from '../checkpoint/types.ts';
import { throwIfAborted } from '../errors.ts';
import { detectLayout } from '../layouts/detect.ts';
import { layerTest } from '../layouts/tensor-place.ts';
import type { Assumption } from '../layouts/types.ts';
import { incompleteBy, refuseUnusable } from '../layouts/usable.ts';
import { compareUnit, createReaders, describeByte, pairBytes, type Readers, unitsOf } from './byte-compare.ts';
import { findMistakes } from './diagnose/find-mistakes.ts';
import type { Mistake } from './diagnose/mistakes.ts';
import { withPhrases } from './diagnose/name.ts';
import { type Difference, type Found, type Pair, pairUp, type Side } from './pairs.ts';
import type { VerifySide } from './reading.ts';

export type { Difference } from './pairs.ts';
export type { VerifySide } from './reading.ts';

export interface VerifyOptions {
  readonly budget?: Budget | undefined;
  /** How to read what the files do not say, for both checkpoints. */
  readonly assume?: Assumption | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** `tensors` and `bytes` count what of the original was compared. */
export interface Verification {
  readonly equal: boolean;
  readonly tensors: number;
  readonly bytes: number;
  /** One for each matrix of an expert, and each other tensor of the original, that differs; the reason names the mistake. */
  readonly differences: readonly Difference[];
  /** What happened, by layer and expert; empty when equal, or when tensors are only missing. */
  readonly mistakes: readonly Mistake[];
  /** Numbers of the layers compared when the converted checkpoint says that it is partial, else null. */
  readonly layers: readonly number[] | null;
  /** Why the original is not whole, so that what it lacks was compared with nothing; null where it is. Then `equal` is false. */
  readonly incomplete: string | null;
}

/**
 * Compares two checkpoints byte by byte, whatever their layouts: every expert's every matrix and every other tensor.
 *
 * Equal checkpoints are read once. Where something differs it is read again to find out what happened, in the end the whole
 * original when an expert cannot be found in it otherwise. A converted checkpoint that says it is partial is compared in
 * its layers alone, and `layers` says so. Progress counts the first comparison's bytes.
 *
 * @example
 * ```ts
 * import { verifyCheckpoints } from 'moe-loom/convert';
 * import { openCheckpoint } from 'moe-loom/layouts';
 * import { openFolder } from 'moe-loom/node';
 * const [a, b] = [await openFolder('model'), await openFolder('stacked')];
 * const left = { files: a, checkpoint: await openCheckpoint(a) };
 * const right = { files: b, checkpoint: await openCheckpoint(b) };
 * const { equal, bytes } = await verifyCheckpoints(left, right);
 * console.log(equal, bytes); // → true 622656
 * ```
 */
export async function verifyCheckpoints(
  original: VerifySide,
  converted: VerifySide,
  options: VerifyOptions = {},
): Promise<Verification> {
  refuseUnusable(original.checkpoint);
  refuseUnusable(converted.checkpoint);
  const { signal } = options;
  const left = sideOf(original.checkpoint, options.assume);
  const right = sideOf(converted.checkpoint, options.assume);
  const layers = partialLayers(converted.checkpoint);
  const pairing = pairUp(layers ? onlyLayers(left, layers, options.assume) : left, right);
  const readers = createReaders(original, converted, { budget: options.budget ?? createBudget(), signal });
  try {
    const unmatched = [...openReadings(left, pairing.found), ...openReadings(right, pairing.found), ...pairing.found];
    const found = [...unmatched, ...(await comparePairs(pairing.pairs, readers, options))];
    const { mistakes, phrases } = await findMistakes(found, left, readers);
    const differences = found.map(({ tensor, reason, pair }) => ({
      tensor,
      reason: withPhrases((pair && phrases.get(pair)) ?? [], reason),
    }));
    const tensors = new Set(pairing.pairs.map((pair) => pair.left.name)).size;
    const bytes = pairing.pairs.reduce((sum, pair) => sum + pairBytes(pair), 0);
    const incomplete = layers === null ? gapOf(original.checkpoint) : null;
    const equal = differences.length === 0 && incomplete === null;
    return { equal, tensors, bytes, differences, mistakes, layers, incomplete };
  } finally {
    await readers.dispose();
  }
}

/** The first pass: every pair until its first byte that differs. */
async function comparePairs(pairs: readonly Pair[], readers: Readers, options: VerifyOptions): Promise<Found[]> {
  const found: Found[] = [];
  const total = pairs.reduce((sum, pair) => sum + pairBytes(pair), 0);
  let done = 0;
  for (const unit of unitsOf(pairs)) {
    throwIfAborted(options.signal);
    found.push(...(await compareOne(unit, readers)));
    done += unit.reduce((sum, pair) => sum + pairBytes(pair), 0);
    options.onProgress?.(done, total);
  }
  return found;
}

async function compareOne(unit: readonly Pair[], readers: Readers): Promise<Found[]> {
  const [first] = unit;
  const shapes = first ? shapesDiffer(first) : null;
  if (first && shapes !== null) return [{ tensor: first.left.name, reason: shapes, pair: first }];
  const bytes = await compareUnit(unit, readers);
  return unit.flatMap((pair, at): Found[] => {
    const byte = bytes[at];
    return byte ? [{ tensor: pair.left.name, reason: describeByte(pair, byte), pair }] : [];
  });
}

/** What of a checkpoint is not here, in its finding's words; a conversion of chosen layers is whole in what it holds. */
function gapOf({ findings }: Checkpoint): string | null {
  return incompleteBy(findings.filter(({ tag }) => tag !== 'partial'))?.message ?? null;
}

/** Numbers of the layers that a checkpoint holds which says it is partial, else null. */
export function partialLayers(checkpoint: Checkpoint): readonly number[] | null {
  const { moe_loom_scope: scope, moe_loom_layers: layers } = checkpoint.indexMetadata ?? {};
  if (scope !== 'partial' || !Array.isArray(layers)) return null;
  return layers.filter((layer): layer is number => Number.isInteger(layer));
}

function sideOf(checkpoint: Checkpoint, assume: Assumption | undefined): Side {
  return { checkpoint, layout: detectLayout(checkpoint, assume ? { assume } : {}) };
}

/** Why experts found no partner: their names fit several layouts. One for each reason. */
function openReadings({ layout }: Side, found: readonly Found[]): Found[] {
  const lost = new Set(found.map(({ tensor }) => tensor));
  const reasons = new Map<string, Found>();
  for (const { defects, expertTensors, reason } of layout.groups) {
    const tensor = expertTensors.find((name) => lost.has(name));
    if (tensor === undefined || reason === null || !defects.some(({ tag }) => tag === 'layout-ambiguous')) continue;
    if (!reasons.has(reason)) reasons.set(reason, { tensor, reason: `cannot be compared: ${reason}`, pair: null });
  }
  return [...reasons.values()];
}

function onlyLayers({ checkpoint, layout }: Side, layers: readonly number[], assume: Assumption | undefined): Side {
  const isWanted = layerTest(layout.groups, layers);
  const tensors = new Map([...checkpoint.tensors].filter(([name]) => isWanted(name)));
  const reduced = { ...checkpoint, tensors };
  return sideOf(reduced, assume);
}

function shapesDiffer({ left, right, views }: Pair): string | null {
  if (views) return null;
  if (left.dtype !== right.dtype)
    return `is ${left.dtype} in the original and ${right.dtype} in the converted checkpoint`;
  if (left.shape.join() !== right.shape.join())
    return `has shape [${left.shape}] in the original and [${right.shape}] in the converted checkpoint`;
  return null;
}
