import type { Dialect, ExpertLayout, Family, Fusion, Orientation, StoredProjection } from './types.ts';

/**
 * How a dialect writes a part of a projection after its stem.
 *
 * `dot`: `gate_proj.weight`, `gate_proj.bias`. `underscore`: the weight has no suffix, `gate_up_proj_bias`.
 * `suffix`: `w13_weight`.
 */
export type PartStyle = 'dot' | 'underscore' | 'suffix';

/**
 * One dialect: stems are names below the group's prefix, `{i}` where the expert's number stands.
 *
 * `orientation` and `fusion` are those of its stacked weights. `downOrientation` where the down projection lies otherwise.
 */
export interface DialectSpec {
  readonly family: Family;
  readonly dialect: Dialect;
  readonly stems: Readonly<Partial<Record<StoredProjection, string>>>;
  readonly style: PartStyle;
  readonly orientation: 'out-in' | 'in-out';
  readonly downOrientation?: 'out-in' | 'in-out';
  readonly fusion: Fusion;
}

const APART = { gate: 'experts.{i}.gate_proj', up: 'experts.{i}.up_proj', down: 'experts.{i}.down_proj' } as const;
const STACKED = { gate: 'experts.gate_proj', up: 'experts.up_proj', down: 'experts.down_proj' } as const;
const BARE = { gate: 'gate_proj', up: 'up_proj', down: 'down_proj' } as const;
const FUSED = { 'gate-up': 'experts.gate_up_proj', down: 'experts.down_proj' } as const;

function spec(
  family: Family,
  dialect: Dialect,
  stems: DialectSpec['stems'],
  style: PartStyle,
  orientation: 'out-in' | 'in-out' = 'out-in',
  fusion: Fusion = 'none',
): DialectSpec {
  return { family, dialect, stems, style, orientation, fusion };
}

/**
 * Every known dialect.
 *
 * Source: facts on layouts, sections 0 and 2; `gate-up` and `gate-up-transposed` also exist with `.weight`, which no
 * loader reads.
 */
export const DIALECTS: readonly DialectSpec[] = [
  spec('per-expert', 'projections', APART, 'dot'),
  spec('per-expert', 'w123', { gate: 'experts.{i}.w1', up: 'experts.{i}.w3', down: 'experts.{i}.w2' }, 'dot'),
  spec(
    'per-expert',
    'joint',
    { 'gate-up': 'experts.{i}.gate_up_proj', down: 'experts.{i}.down_proj' },
    'dot',
    'out-in',
    'concatenated',
  ),
  spec('stacked', 'plain', STACKED, 'underscore'),
  spec('stacked', 'weight', STACKED, 'dot'),
  spec('stacked', 'bare', BARE, 'dot'),
  spec(
    'stacked',
    'switch-mlp',
    { gate: 'switch_mlp.gate_proj', up: 'switch_mlp.up_proj', down: 'switch_mlp.down_proj' },
    'dot',
  ),
  spec('stacked', 'moe', BARE, 'dot'),
  spec('gate-up', 'plain', FUSED, 'underscore', 'out-in', 'concatenated'),
  spec('gate-up', 'weight', FUSED, 'dot', 'out-in', 'concatenated'),
  spec(
    'gate-up',
    'input-output-linear',
    { 'gate-up': 'input_linear', down: 'output_linear' },
    'dot',
    'out-in',
    'concatenated',
  ),
  spec('gate-up-transposed', 'plain', FUSED, 'underscore', 'in-out', 'concatenated'),
  spec('gate-up-transposed', 'weight', FUSED, 'dot', 'in-out', 'concatenated'),
  spec(
    'gate-up-transposed',
    'fc12',
    { 'gate-up': 'experts.fc1', down: 'experts.fc2' },
    'dot',
    'in-out',
    'concatenated',
  ),
  spec('gate-up-interleaved', 'gpt-oss', FUSED, 'underscore', 'in-out', 'interleaved'),
  spec('gate-up-interleaved', 'gpt-oss-mxfp4', FUSED, 'underscore', 'out-in', 'interleaved'),
  spec(
    'gate-up-interleaved',
    'inkling',
    { 'gate-up': 'experts.w13', down: 'experts.w2' },
    'suffix',
    'out-in',
    'interleaved',
  ),
  {
    ...spec('flat', 'dbrx', { gate: 'experts.mlp.w1', up: 'experts.mlp.v1', down: 'experts.mlp.w2' }, 'underscore'),
    downOrientation: 'in-out',
  },
];

const BY_ID: ReadonlyMap<string, DialectSpec> = new Map(DIALECTS.map((row) => [`${row.family}/${row.dialect}`, row]));

/** The row of a layout; undefined for `unknown`. */
export function dialectOf(layout: ExpertLayout | null): DialectSpec | undefined {
  return layout ? BY_ID.get(`${layout.family}/${layout.dialect}`) : undefined;
}

/** How the weights of a stored projection lie in a dialect's tensors. */
export function orientationOf(row: DialectSpec, projection: StoredProjection): Exclude<Orientation, 'ambiguous'> {
  return projection === 'down' ? (row.downOrientation ?? row.orientation) : row.orientation;
}
