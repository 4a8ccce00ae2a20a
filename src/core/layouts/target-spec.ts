import type { Architecture } from './architecture-row.ts';
import { architectureOf } from './architecture-rules.ts';
import { type DialectSpec, dialectOf } from './dialects.ts';
import { layoutsOf } from './readings.ts';
import { prefixIn } from './rename.ts';
import type { Dialect, ExpertLayout, Family, LayerGroup, TargetLayout, TargetRefusal } from './types.ts';
import { bareName } from './wrappers.ts';

/** Where and how a target stores a group's experts. */
export interface TargetSpec {
  readonly spec: DialectSpec;
  readonly prefix: string;
  readonly note?: string;
}

export type TargetChoice = TargetSpec | { readonly refusal: TargetRefusal };

function specOf(family: Family, dialect: Dialect | null): DialectSpec {
  const spec = dialectOf({ family, dialect });
  if (!spec) throw new RangeError(`No dialect ${family}/${dialect}.`);
  return spec;
}

/** The dialect and prefix that a target's consumers expect for an architecture, or why there are none. */
export function targetSpec(group: LayerGroup, target: TargetLayout, modelType: string | null): TargetChoice {
  const row = architectureOf(modelType);
  const bare = bareName(group.prefix);
  const disk = row ? prefixIn('disk', bare, row) : bare;
  switch (target) {
    case 'per-expert':
      return { spec: apartSpec(group, row), prefix: disk };
    case 'stacked':
      return { spec: specOf(hasGate(group) ? 'stacked' : 'gate-up', 'plain'), prefix: bare };
    case 'gate-up':
      return gateUpSpec(group, row);
    case 'gate-up-transposed':
      return transposedSpec(group, row, disk);
    case 'gate-up-interleaved':
      return interleavedSpec(group, row, disk);
    case 'switch-mlp':
      return switchSpec(row, disk);
    case 'qwen3-moe-fused':
      if (modelType === 'qwen3_moe') return { spec: specOf('stacked', 'bare'), prefix: bare };
      return refuse(
        `transformers-qwen3-moe-fused supports only qwen3_moe, not ${modelType ?? 'an unknown model type'}.`,
      );
  }
}

function refuse(message: string): { readonly refusal: TargetRefusal } {
  return { refusal: { tag: 'target-unsupported', message } };
}

function apartSpec(group: LayerGroup, row: Architecture | undefined): DialectSpec {
  const own = row?.disk.find((layout) => layout.family === 'per-expert');
  if (own) return specOf(own.family, own.dialect);
  const { layout } = group;
  const stays = !row && layout?.family === 'per-expert' && dialectOf(layout)?.fusion === 'none';
  return stays ? specOf('per-expert', layout.dialect) : specOf('per-expert', 'projections');
}

function interleavedOf(row: Architecture | undefined): ExpertLayout | undefined {
  return layoutsOf(row).find((layout) => layout.family === 'gate-up-interleaved');
}

/** Names of fused tensors say nothing about interleaving: such a file would be read wrongly, without an error. */
function interleavedOnly(row: Architecture): { readonly refusal: TargetRefusal } {
  const name = row.modelTypes[0] ?? '';
  return refuse(
    `${name} is read with gate and up alternating; under the same names a program could not see the difference. The target for it is gate-up-interleaved.`,
  );
}

/** Without gates the stacked and the fused layout are the same names and shapes; detection calls them fused. */
function hasGate(group: LayerGroup): boolean {
  return group.members.some((member) => member.projection === 'gate' || member.projection === 'gate-up');
}

/** `gate-up` is what transformers 5 holds in memory, whatever its order and orientation for the architecture. */
function gateUpSpec(group: LayerGroup, row: Architecture | undefined): TargetChoice {
  const bare = bareName(group.prefix);
  const prefix = row ? prefixIn('memory', bare, row) : bare;
  const own = row?.memory;
  if (own?.family === 'gate-up-interleaved') {
    return {
      spec: heldSpec(group, own),
      prefix,
      note: `transformers 5 holds ${row?.modelTypes[0]} with gate and up alternating.`,
    };
  }
  if (own?.family === 'gate-up-transposed') {
    return {
      spec: heldSpec(group, own),
      prefix,
      note: `transformers 5 holds ${row?.modelTypes[0]} transposed, [experts, in, out].`,
    };
  }
  if (own?.dialect === 'input-output-linear') return { spec: specOf('gate-up', own.dialect), prefix };
  const refused = ambiguous(group, row);
  if (refused) return refused;
  const spec = specOf('gate-up', 'plain');
  if (!row || own?.family === 'gate-up') return { spec, prefix };
  const instead = own ? `; transformers 5 holds it as ${own.family}` : '';
  return { spec, prefix, note: `No known program loads ${row.modelTypes[0]} in this layout${instead}.` };
}

/** MXFP4 blocks stay blocks: transformers takes them as they are. */
function heldSpec(group: LayerGroup, layout: ExpertLayout): DialectSpec {
  return specOf(layout.family, group.layout?.dialect === 'gpt-oss-mxfp4' ? 'gpt-oss-mxfp4' : layout.dialect);
}

function transposedSpec(group: LayerGroup, row: Architecture | undefined, disk: string): TargetChoice {
  if (row && interleavedOf(row)) return interleavedOnly(row);
  if (!hasGate(group))
    return refuse('Without gates, neither names nor shapes would show that matrices are transposed.');
  const own = layoutsOf(row).find((layout) => layout.family === 'gate-up-transposed');
  if (own?.dialect === 'fc12') return { spec: specOf(own.family, own.dialect), prefix: disk };
  const refused = ambiguous(group, row);
  if (refused) return refused;
  const spec = specOf('gate-up-transposed', 'plain');
  if (own) return { spec, prefix: disk };
  return { spec, prefix: disk, note: `No known program loads ${row?.modelTypes[0] ?? 'this model'} transposed.` };
}

/** Square matrices under the plain fused names are told apart only by an architecture that has them one way round. */
function ambiguous(group: LayerGroup, row: Architecture | undefined): { readonly refusal: TargetRefusal } | null {
  const ways = layoutsOf(row).filter((layout) => layout.dialect === 'plain' && layout.family.startsWith('gate-up'));
  if (!hasGate(group) || new Set(ways.map((layout) => layout.family)).size === 1) return null;
  const { intermediate, hidden } = group;
  if (intermediate !== null && intermediate !== hidden && 2 * intermediate !== hidden) return null;
  const message = 'The matrices would be square, so their shapes would not show whether rows are inputs or outputs.';
  return { refusal: { tag: 'orientation-ambiguous', message } };
}

function interleavedSpec(group: LayerGroup, row: Architecture | undefined, disk: string): TargetChoice {
  const own = interleavedOf(row);
  if (!own) {
    return refuse(
      `${row?.modelTypes[0] ?? 'This model'} is not read with gate and up alternating; under the same names a program could not see the difference.`,
    );
  }
  return { spec: heldSpec(group, own), prefix: disk };
}

function switchSpec(row: Architecture | undefined, disk: string): TargetChoice {
  const spec = specOf('stacked', row?.mlx === 'weight' ? 'weight' : 'switch-mlp');
  if (row?.gated !== false) return { spec, prefix: disk };
  return { spec: { ...spec, stems: { up: 'switch_mlp.fc1', down: 'switch_mlp.fc2' } }, prefix: disk };
}
