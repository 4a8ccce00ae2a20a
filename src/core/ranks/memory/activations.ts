import { formatInteger } from '../../units.ts';
import type { HeldAdapters } from './adapters.ts';
import type { Choices } from './complete-setup.ts';
import { BF16, CONSTANTS } from './constants.ts';
import type { Holdings } from './holdings.ts';
import type { Term } from './report.ts';
import type { MemoryRules } from './rules.ts';
import type { MemoryMesh } from './setup.ts';
import type { ModelShape } from './shape.ts';
import { exactly } from './terms.ts';

/** The input of every term: one stage of one set-up. */
export interface Work {
  readonly rules: MemoryRules;
  readonly shape: ModelShape;
  readonly mesh: MemoryMesh;
  readonly choices: Choices;
  readonly held: Holdings;
  /** LoRA: what is trained instead of the weights. */
  readonly lora: HeldAdapters | null;
  /** Tokens that a GPU works on at once. */
  readonly tokens: number;
}

/** Tokens of the hottest expert-parallel rank over the mean. */
export function hottest({ mesh, choices, shape }: Pick<Work, 'mesh' | 'choices' | 'shape'>) {
  if (mesh.ep === 1 || shape.experts === 0) return { low: 1, high: 1 };
  if (choices.imbalance !== null) return { low: choices.imbalance, high: choices.imbalance };
  // The largest of P sums of n experts' loads, spread c: about 1 + c · √(2 ln P / n), and never more than all tokens.
  const reach = Math.sqrt((2 * Math.log(mesh.ep) * mesh.ep) / shape.experts);
  const of = (spread: number) => Math.min(1 + spread * reach, mesh.ep);
  return { low: of(CONSTANTS.imbalance.low), high: of(CONSTANTS.imbalance.high) };
}

/** Inputs of layers that are kept for backward; with checkpointing one hidden state per layer. */
export function savedActivations(work: Work): Term {
  const { shape, mesh, choices, held, tokens } = work;
  const { hidden } = shape;
  // A stage holds its layers' inputs for its own micro batch and for one of each stage that follows (1F1B).
  const flying = mesh.pp - held.stage;
  if (choices.checkpointing) {
    const cut = sequenceCut(work);
    const bytes = (tokens * hidden * BF16 * flying * held.layers) / cut;
    const basis = `${formatInteger(tokens)} tokens × ${hidden} × 2 bytes × ${held.layers} layers${flying > 1 ? ` × ${flying} micro batches` : ''}${over('tp', cut)}`;
    return exactly('saved activations', bytes, basis);
  }
  const all = (end: keyof Width) => stageWidths(work).reduce((sum, kind) => sum + kind.width[end] * kind.layers, 0);
  const [least, most] = [all('low'), all('high')].map((numbers) => tokens * numbers * BF16 * flying);
  return {
    name: 'saved activations',
    low: least ?? 0,
    high: most ?? 0,
    basis: 'every tensor of every layer; nothing is recomputed',
  };
}

function over(name: string, size: number): string {
  return size > 1 ? ` ÷ ${name} ${size}` : '';
}

interface Width {
  readonly low: number;
  readonly high: number;
}

/** Numbers that one token leaves in one layer: with routed experts, or with one MLP. */
function layerWidth(work: Work, sparse: boolean): Width {
  const { shape, mesh } = work;
  const { hidden, attentionWidth, latent, topK, intermediate, sharedIntermediate, denseIntermediate } = shape;
  const always = (2 * hidden) / sequenceCut(work) + attentionWidth / (mesh.attnTp ?? mesh.tp) + latent.width;
  const mlp = sparse ? sharedIntermediate : denseIntermediate;
  const fixed = always + (mlp > 0 ? 2 * hidden + 3 * mlp : 0) / mesh.tp;
  if (!sparse) return { low: fixed, high: fixed };
  const { low, high } = routedCopies(work);
  const each = topK * (2 * hidden + (3 * intermediate) / mesh.etp);
  return { low: fixed + low * each, high: fixed + high * each };
}

/** Both kinds of layers that a stage has, with how many it has. */
function stageWidths(work: Work): { readonly width: Width; readonly layers: number }[] {
  const { layers, moeLayers } = work.held;
  return [true, false]
    .map((sparse) => ({ width: layerWidth(work, sparse), layers: sparse ? moeLayers : layers - moeLayers }))
    .filter((kind) => kind.layers > 0);
}

/** Copies of a rank's own tokens times k that it works on: more where it is hot, fewer where all ranks see one batch. */
function routedCopies(work: Work): { readonly low: number; readonly high: number } {
  const { mesh, rules } = work;
  const { low, high } = hottest(work);
  // Ranks of one batch compute only their own experts' share, but grouped kernels may sort all of it.
  if (rules.sharedBatch) return { low: low / mesh.ep, high: Math.max(high / mesh.ep, 1) };
  const sequence = sequenceCut(work);
  return { low: low / sequence, high: high / sequence };
}

/** Ranks that share a sequence's hidden states between layers (sequence parallelism over tensor-parallel ranks). */
function sequenceCut({ mesh, rules }: Work): number {
  return rules.sequenceParallel ? mesh.tp : 1;
}

/** The widest layer while its forward is run again and its gradient taken. */
export function layerInWork(work: Work): Term {
  const { tokens } = work;
  const widths = stageWidths(work).map((kind) => kind.width);
  const [low, high] = [Math.max(...widths.map((each) => each.low)), Math.max(...widths.map((each) => each.high))];
  const { recompute } = CONSTANTS;
  const { low: cool, high: hot } = hottest(work);
  const heat = hot > 1 ? `, busiest rank ${cool.toFixed(2)}–${hot.toFixed(2)} × the mean` : '';
  return {
    name: 'layer in backward',
    low: tokens * low * BF16 * recompute.low,
    high: tokens * high * BF16 * recompute.high,
    basis: `${formatInteger(tokens)} tokens × ${formatInteger(low)}–${formatInteger(high)} numbers × 2 bytes × ${recompute.low}–${recompute.high}${heat}`,
  };
}

/** Routed tokens that outlive their layer's backward, where a program has been seen to keep them. */
export function lingeringTerm(work: Work): Term | null {
  const { rules, shape, held, tokens, choices } = work;
  if (rules.lingering === undefined || !choices.checkpointing || held.moeLayers === 0) return null;
  // Of each layer the outputs of its experts, and what they were added up to.
  const copies = tokens * (shape.topK * routedCopies(work).high + 1 / sequenceCut(work));
  return {
    name: 'lingering routed tokens',
    low: 0,
    high: copies * shape.hidden * BF16 * held.moeLayers,
    basis: `to ${formatInteger(copies)} tokens × ${shape.hidden} × 2 bytes × ${held.moeLayers} layers: ${rules.lingering}`,
  };
}

/** Logits, their copies and their gradient, on the stage that has the head. */
export function lossTerm({ rules, shape, mesh, choices, held, tokens }: Work): Term | null {
  if (!held.isLast) return null;
  const cut = rules.sequenceParallel ? mesh.tp : 1;
  const inPlace = cut > 1 || rules.lossInPlace;
  const bytes = inPlace ? CONSTANTS.parallelLogitBytes : CONSTANTS.logitBytes;
  const chunk = choices.chunkedLoss ? CONSTANTS.lossChunk : { low: tokens, high: tokens };
  const [least, most] = [Math.min(tokens, chunk.low), Math.min(tokens, chunk.high)];
  const width = shape.vocabulary / cut;
  const at = least === most ? formatInteger(most) : `${formatInteger(least)}–${formatInteger(most)}`;
  return {
    name: 'loss',
    low: least * width * bytes.low,
    high: most * width * bytes.high,
    basis: `${at} tokens${choices.chunkedLoss ? ' of a chunk' : ''} × ${formatInteger(shape.vocabulary)} vocabulary entries × ${bytes.low}–${bytes.high} bytes${over('tp', cut)}`,
  };
}
