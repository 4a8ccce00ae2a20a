import { packingOf } from '../safetensors/dtype.ts';
import type { Architecture } from './architecture.ts';
import type { Bucket, Kind } from './bucket.ts';
import { DIALECTS, type DialectSpec, dialectOf } from './dialects.ts';
import { isSquare, possibleWays, type Sizes, type Way } from './orientation.ts';
import type { Assumption, StoredProjection } from './types.ts';

/** What is known besides the tensors of one group. */
export interface Context {
  readonly row: Architecture | undefined;
  readonly assume: Assumption;
  /** Sizes by the config; absent where it does not say. */
  readonly known: Partial<Sizes>;
  /** Experts of the layer by the config, null where it does not say. */
  readonly experts: number | null;
  /** Experts that the layer's router chooses among, null where its tensors do not say. */
  readonly routed: number | null;
}

/** The dialect of a bucket, or why there is none. `ambiguous`: both ways round are possible. */
export type Resolution =
  | { readonly spec: DialectSpec; readonly gated: boolean; readonly ambiguous?: true }
  | { readonly reason: string; readonly mixed?: true };

const SAME_STEM: Readonly<Record<string, string>> = {
  'experts.gate_proj.{i}': 'experts.{i}.gate_proj',
  'experts.up_proj.{i}': 'experts.{i}.up_proj',
  'experts.down_proj.{i}': 'experts.{i}.down_proj',
  'experts.gate_up_projs.{i}': 'experts.{i}.gate_up_proj',
  'experts.down_projs.{i}': 'experts.{i}.down_proj',
  'switch_mlp.fc1': 'switch_mlp.up_proj',
  'switch_mlp.fc2': 'switch_mlp.down_proj',
};

/** One spelling for stems that mean the same. */
export function canonicalStem(stem: string): string {
  return SAME_STEM[stem] ?? stem;
}

/** Which projection of a dialect a kind of tensor is. */
export function projectionOf(spec: DialectSpec, kind: Kind): StoredProjection | null {
  const stem = canonicalStem(kind.stem);
  const found = Object.entries(spec.stems).find(([, own]) => own === stem);
  return found ? (found[0] as StoredProjection) : gatelessProjection(stem);
}

/** Stacked experts without a gate are spelled the same in the `stacked` and the `gate-up` families. */
function gatelessProjection(stem: string): StoredProjection | null {
  return stem === 'experts.up_proj' ? 'up' : null;
}

/** Finds the dialect whose stems the bucket has: names first, then what the architecture says, shapes last. */
export function resolveDialect(bucket: Bucket, context: Context): Resolution {
  if (context.row?.unsupported) return { reason: context.row.unsupported };
  const kinds = [...bucket.kinds.values()];
  const stems = new Set(kinds.map((kind) => canonicalStem(kind.stem)));
  if (stems.size === 0)
    return { reason: `${bucket.leftovers[0] ?? bucket.prefix} is not a known name of an expert's tensor.` };
  const near = DIALECTS.filter((spec) => fits(spec, stems, bucket.prefix));
  if (near.length === 0) return mixedOrUnknown(stems);
  const styles = new Set(kinds.filter((kind) => kind.part === 'weight').map((kind) => kind.style));
  if (styles.size > 1) return { reason: 'Some projections have `.weight` in their names and some have not.' };
  const [style] = styles.size === 1 ? styles : kinds.map((kind) => kind.style);
  const candidates = near.filter((spec) => spec.style === style);
  if (candidates.length === 0) return { reason: `No layout writes ${kinds[0]?.template ?? 'these names'}.` };
  return choose(candidates, stems, kinds, context);
}

function fits(spec: DialectSpec, stems: ReadonlySet<string>, prefix: string): boolean {
  const inMoe = prefix === 'moe' || prefix.endsWith('.moe');
  if (spec.dialect === 'moe' && !inMoe) return false;
  if (spec.dialect === 'bare' && inMoe) return false;
  const own = new Set(Object.values(spec.stems));
  return [...stems].every((stem) => own.has(stem));
}

function mixedOrUnknown(stems: ReadonlySet<string>): Resolution {
  const complete = DIALECTS.filter((spec) => Object.values(spec.stems).every((stem) => stems.has(stem)));
  const names = [...new Set(complete.map((spec) => Object.values(spec.stems).join(', ')))];
  if (names.length > 1)
    return { reason: `The layer holds its experts in several layouts at once: ${names.join('; ')}.`, mixed: true };
  const apart = [...stems].some((stem) => stem.includes('{i}'));
  const stacked = [...stems].some((stem) => !stem.includes('{i}'));
  if (apart && stacked) return { reason: 'Some experts are stored apart and some stacked.', mixed: true };
  return { reason: `No layout has these names together: ${[...stems].join(', ')}.` };
}

function choose(
  candidates: readonly DialectSpec[],
  stems: ReadonlySet<string>,
  kinds: readonly Kind[],
  context: Context,
): Resolution {
  const [first] = candidates;
  const complete = candidates.filter((spec) => Object.values(spec.stems).length === stems.size);
  const fused = complete.filter((spec) => spec.stems['gate-up'] !== undefined && spec.family !== 'per-expert');
  if (fused.length > 0) return chooseFused(fused, kinds, context);
  const [only] = complete;
  if (only) return { spec: only, gated: true };
  if (!first) return { reason: 'No layout has these names.' };
  const gateless = first.stems.gate !== undefined && !stems.has(first.stems.gate) && stems.size === 2;
  if (gateless && context.row?.gated === false) return { spec: gatelessSpec(first), gated: false };
  if (gateless && !context.row)
    return { reason: 'There are no gate projections, and nothing says that the experts have none.' };
  if (candidates.length === 1 && context.row) return { spec: first, gated: context.row.gated };
  return { reason: `Only ${[...stems].join(', ')} can be found.` };
}

/** What transformers 5 writes for experts without a gate is its fused layout, though nothing is fused. */
function gatelessSpec(spec: DialectSpec): DialectSpec {
  const { family, dialect } = spec;
  if (family !== 'stacked' || (dialect !== 'plain' && dialect !== 'weight')) return spec;
  return dialectOf({ family: 'gate-up', dialect }) ?? spec;
}

function chooseFused(candidates: readonly DialectSpec[], kinds: readonly Kind[], context: Context): Resolution {
  const [only] = candidates;
  if (kinds.some((kind) => kind.part === 'blocks')) return chooseBlocks(candidates);
  const plain = candidates.filter((spec) => spec.dialect !== 'gpt-oss-mxfp4');
  if (only && plain.length === 1) return fixed(only, kinds, context);
  const allowed = allowedSpecs(plain, context.row);
  const interleaved = allowed.find((spec) => spec.fusion === 'interleaved');
  if (interleaved) return fixed(interleaved, kinds, context);
  if (context.row?.disk.some((layout) => layout.dialect === 'gpt-oss')) {
    return { reason: `${context.row.modelTypes[0]} alternates gate and up, but not under names with \`.weight\`.` };
  }
  const concatenated = plain.filter((spec) => spec.fusion === 'concatenated');
  const ways = new Set(allowed.map((spec) => spec.orientation));
  const decision = decideWay(ways, kinds, context);
  if ('reason' in decision) return decision;
  const spec = concatenated.find((candidate) => candidate.orientation === decision.way);
  if (!spec) return { reason: 'No layout has these names and this orientation.' };
  if (!context.row && decision.way === 'in-out' && kinds.some((kind) => kind.part === 'bias')) {
    return {
      reason: 'Gate and up may follow each other or alternate; the model type, which would say so, is not known.',
    };
  }
  return decision.ambiguous ? { spec, gated: true, ambiguous: true } : { spec, gated: true };
}

function chooseBlocks(candidates: readonly DialectSpec[]): Resolution {
  const spec = candidates.find((candidate) => candidate.dialect === 'gpt-oss-mxfp4');
  return spec ? { spec, gated: true } : { reason: 'MXFP4 blocks under names that no layout has.' };
}

function allowedSpecs(candidates: readonly DialectSpec[], row: Architecture | undefined): readonly DialectSpec[] {
  if (!row) return [];
  const rows = [...row.disk, ...(row.memory ? [row.memory] : [])];
  return candidates.filter((spec) =>
    rows.some((own) => (own.family === spec.family && own.dialect === spec.dialect) || sameWay(own, spec)),
  );
}

/** A row's plain dialect also speaks for the same names with `.weight`. */
function sameWay(own: { readonly family: string; readonly dialect: string | null }, spec: DialectSpec): boolean {
  return spec.dialect === 'weight' && own.dialect === 'plain' && own.family === spec.family;
}

/** A dialect that its names alone decide; shapes must not deny it. */
function fixed(spec: DialectSpec, kinds: readonly Kind[], context: Context): Resolution {
  const shapes = matrices(kinds);
  if (!shapes) return { spec, gated: true };
  if (possibleWays(shapes.gateUp, shapes.down, {}).includes(spec.orientation)) return { spec, gated: true };
  const says = context.row?.modelTypes[0] ?? 'These names';
  return {
    reason: `The shapes [${shapes.gateUp.join(', ')}] and [${shapes.down.join(', ')}] do not fit; ${says} would need ${spec.orientation === 'in-out' ? '[H, 2I] and [I, H]' : '[2I, H] and [H, I]'}.`,
  };
}

type Decision = { readonly way: Way; readonly ambiguous: boolean } | { readonly reason: string };

function decideWay(allowed: ReadonlySet<Way>, kinds: readonly Kind[], context: Context): Decision {
  const [single] = allowed.size === 1 ? allowed : [];
  const wanted = context.assume.orientation ?? single;
  const shapes = matrices(kinds);
  if (!shapes)
    return wanted
      ? { way: wanted, ambiguous: false }
      : { reason: 'The weights are packed, and nothing says which way round they are stored.' };
  const ways = possibleWays(shapes.gateUp, shapes.down, {});
  const [way] = ways;
  if (!way)
    return {
      reason: `The shapes [${shapes.gateUp.join(', ')}] and [${shapes.down.join(', ')}] fit neither orientation.`,
    };
  if (context.assume.orientation && way !== context.assume.orientation) {
    return { reason: `The shapes do not fit the orientation ${context.assume.orientation}.` };
  }
  const square = isSquare(shapes.gateUp) || isSquare(shapes.down);
  return { way, ambiguous: square && wanted === undefined };
}

/** One expert's gate-up and down matrices, null when they are packed or not three-dimensional. */
function matrices(kinds: readonly Kind[]): { gateUp: readonly number[]; down: readonly number[] } | null {
  const weights = kinds.filter(
    (kind) => kind.part === 'weight' && kind.shape.length === 3 && packingOf(kind.dtype) !== 'container',
  );
  const down = weights.find((kind) => /down|output_linear|fc2|w2/.test(kind.stem));
  const gateUp = weights.find((kind) => kind !== down);
  return gateUp && down ? { gateUp: gateUp.shape.slice(1), down: down.shape.slice(1) } : null;
}
