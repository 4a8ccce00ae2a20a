import { packingOf } from '../safetensors/dtype.ts';
import type { Architecture } from './architecture-row.ts';
import type { Bucket, Kind } from './bucket.ts';
import { candidatesFor } from './candidates.ts';
import { canonicalStem, DIALECTS, type DialectSpec, dialectOf, layoutId } from './dialects.ts';
import { isSquare, possibleWays, type Sizes, type Way } from './orientation.ts';
import { layoutsOf, manyReadings } from './readings.ts';
import type { Assumption, Reading, StoredProjection } from './types.ts';

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

/** Why a bucket has no dialect. With `readings`, several could be meant and one can be assumed. */
export interface Unresolved {
  readonly reason: string;
  readonly mixed?: true;
  readonly readings?: readonly Reading[];
}

/** The dialect of a bucket, or why there is none. `ambiguous`: both ways round are possible. */
export type Resolution =
  | { readonly spec: DialectSpec; readonly gated: boolean; readonly ambiguous?: true }
  | Unresolved;

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
  const found = candidatesFor(bucket);
  if ('reason' in found) return found;
  const { candidates, kinds, stems } = found;
  const assumed = candidates.find(
    (spec) => context.assume.layout && layoutId(spec) === layoutId(context.assume.layout),
  );
  if (assumed)
    return isComplete(assumed, stems) ? certain(assumed, kinds, context) : choose([assumed], stems, kinds, context);
  const told = candidates.filter((spec) => isTold(spec, context.row));
  if (told.length > 0) return choose(told, stems, kinds, context);
  const complete = candidates.filter((spec) => isComplete(spec, stems));
  const possible = complete.filter((spec) => !('reason' in certain(spec, kinds, context)));
  if (possible.length > 0) return manyReadings(stems, possible, context.row);
  return { reason: `Only ${[...stems].join(', ')} can be found, in shapes that no layout has.` };
}

function isComplete(spec: DialectSpec, stems: ReadonlySet<string>): boolean {
  return Object.values(spec.stems).length === stems.size;
}

/** True where names, with what the architecture lists, are enough to tell a dialect. */
function isTold(spec: DialectSpec, row: Architecture | undefined): boolean {
  if (spec.toldBy === undefined || spec.toldBy === 'names') return true;
  return spec.toldBy === 'architecture' && allows(row, spec);
}

function hasGate({ stems }: DialectSpec): boolean {
  return stems.gate !== undefined || stems['gate-up'] !== undefined;
}

function choose(
  candidates: readonly DialectSpec[],
  stems: ReadonlySet<string>,
  kinds: readonly Kind[],
  context: Context,
): Resolution {
  const [first] = candidates;
  const complete = candidates.filter((spec) => isComplete(spec, stems));
  const fused = complete.filter((spec) => spec.stems['gate-up'] !== undefined && spec.family !== 'per-expert');
  if (fused.length > 0) return chooseFused(fused, kinds, context);
  const [only] = complete;
  if (only) return { spec: only, gated: hasGate(only) };
  if (!first) return { reason: 'No known layout has these names.' };
  const gateless = first.stems.gate !== undefined && !stems.has(first.stems.gate) && stems.size === 2;
  if (gateless && context.row?.gated === false) return { spec: gatelessSpec(first), gated: false };
  if (gateless && !context.row)
    return { reason: 'The gate projections are missing, and the config does not say that these experts have none.' };
  if (candidates.length === 1 && context.row) return { spec: first, gated: context.row.gated };
  return { reason: `Only ${[...stems].join(', ')} can be found.` };
}

/** What transformers 5 writes for experts without a gate is its fused layout, though nothing is fused. */
function gatelessSpec(spec: DialectSpec): DialectSpec {
  const { family, dialect } = spec;
  if (family !== 'stacked' || (dialect !== 'plain' && dialect !== 'weight')) return spec;
  return dialectOf({ family: 'gate-up', dialect }) ?? spec;
}

/** Fused dialects share names: the architecture says which, then the shapes. */
function chooseFused(candidates: readonly DialectSpec[], kinds: readonly Kind[], context: Context): Resolution {
  const { row } = context;
  const allowed = candidates.filter((spec) => allows(row, spec));
  const interleaved = allowed.find((spec) => spec.fusion === 'interleaved');
  if (interleaved) return certain(interleaved, kinds, context);
  if (alternatesOnly(candidates, row)) {
    return {
      reason: `${row?.modelTypes[0]} alternates gate and up, but is not stored under these names and in these shapes.`,
    };
  }
  const [only] = candidates;
  if (only && candidates.length === 1) return certain(only, kinds, context);
  const ways = new Set(allowed.map((spec) => spec.orientation));
  const decision = decideWay(ways, kinds, context);
  if ('reason' in decision) return decision;
  const spec = candidates.find((candidate) => candidate.orientation === decision.way);
  if (!spec) return { reason: 'No layout has these names and this orientation.' };
  if (!row && decision.way === 'in-out' && kinds.some((kind) => kind.part === 'bias')) {
    const alternating = dialectOf({ family: 'gate-up-interleaved', dialect: 'gpt-oss' });
    return manyReadings(new Set(Object.values(spec.stems)), [spec, ...(alternating ? [alternating] : [])], row);
  }
  return decision.ambiguous ? { spec, gated: true, ambiguous: true } : { spec, gated: true };
}

/** True where an architecture lists a dialect; its plain dialect also speaks for the same names with `.weight`. */
function allows(row: Architecture | undefined, spec: DialectSpec): boolean {
  return layoutsOf(row).some((own) => {
    if (own.family !== spec.family) return false;
    return own.dialect === spec.dialect || (own.dialect === 'plain' && spec.dialect === 'weight');
  });
}

/** True where the architecture has these stems with gate and up alternating, and in no other way. */
function alternatesOnly(candidates: readonly DialectSpec[], row: Architecture | undefined): boolean {
  const stems = new Set(candidates.flatMap((spec) => Object.values(spec.stems)));
  const own = layoutsOf(row).flatMap((layout) => dialectOf(layout) ?? []);
  const same = own.filter((spec) => Object.values(spec.stems).every((stem) => stems.has(stem)));
  return same.length > 0 && same.every((spec) => spec.fusion === 'interleaved');
}

/** A dialect that is not in question; shapes must not deny it. */
function certain(spec: DialectSpec, kinds: readonly Kind[], context: Context): Resolution {
  const gated = hasGate(spec);
  const shapes =
    spec.stems['gate-up'] === undefined || spec.family === 'per-expert' ? null : matrices(spec, kinds, context);
  if (!shapes || possibleWays(shapes.gateUp, shapes.down, {}).includes(spec.orientation)) return { spec, gated };
  const says = context.row?.modelTypes[0] ?? 'These names';
  return {
    reason: `The shapes [${shapes.gateUp.join(', ')}] and [${shapes.down.join(', ')}] do not fit; ${says} would need ${spec.orientation === 'in-out' ? '[H, 2I] and [I, H]' : '[2I, H] and [H, I]'}.`,
  };
}

type Decision = { readonly way: Way; readonly ambiguous: boolean } | { readonly reason: string };

function decideWay(allowed: ReadonlySet<Way>, kinds: readonly Kind[], context: Context): Decision {
  const [single] = allowed.size === 1 ? allowed : [];
  const wanted = context.assume.orientation ?? single;
  const shapes = matrices(null, kinds, context);
  if (!shapes)
    return wanted
      ? { way: wanted, ambiguous: false }
      : { reason: 'The weights are packed, so their shapes do not show whether rows are inputs or outputs.' };
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

/** One expert's gate-up and down matrices; null when they are packed, or of a shape that does not say. */
function matrices(
  spec: DialectSpec | null,
  kinds: readonly Kind[],
  { experts, routed }: Context,
): { gateUp: readonly number[]; down: readonly number[] } | null {
  const flat = spec?.family === 'flat';
  const weights = kinds.filter(
    (kind) => kind.part === 'weight' && kind.shape.length === (flat ? 2 : 3) && packingOf(kind.dtype) !== 'container',
  );
  const down = weights.find((kind) => DOWN_STEMS.has(canonicalStem(kind.stem)));
  const gateUp = weights.find((kind) => kind !== down);
  if (!gateUp || !down) return null;
  const inner = ([first = 0, ...rest]: readonly number[]) =>
    flat ? [first / (experts ?? routed ?? 1), ...rest] : rest;
  return { gateUp: inner(gateUp.shape), down: inner(down.shape) };
}

const DOWN_STEMS: ReadonlySet<string> = new Set(DIALECTS.flatMap(({ stems }) => stems.down ?? []));
