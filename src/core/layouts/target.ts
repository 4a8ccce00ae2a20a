import type { CompanionValues } from '../checkpoint/read-companion-values.ts';
import { architectureOf } from './architecture-rules.ts';
import { compareText } from './bucket.ts';
import { type DialectSpec, orientationOf } from './dialects.ts';
import { writePart } from './parts.ts';
import { nameIn, spellingOf } from './rename.ts';
import { type JoinedPart, logicalParts, partsFor } from './target-parts.ts';
import { unreadNote } from './target-rows.ts';
import { targetSpec } from './target-spec.ts';
import type { ExpertMember, LayerGroup, TargetAnswer, TargetLayout, TargetRefusal } from './types.ts';

export { configChangesFor } from './config-changes.ts';
export { renameTensor } from './rename.ts';

/**
 * The group as `target` stores it, under the names that its consumers expect for the architecture, or why it cannot be.
 *
 * What already is as the target wants it comes back as the same object, dense groups always. Nothing is read: what shows
 * only in values (shared global scales, equal `g_idx`, `weight_shape`) is judged by `values`, and without them refused
 * with what it needs.
 */
export function asTarget(
  group: LayerGroup,
  target: TargetLayout,
  modelType: string | null,
  values?: CompanionValues,
): TargetAnswer {
  if (group.layout === null) return { group };
  const unfit = unfitness(group);
  if (unfit) return { refusal: unfit };
  const choice = targetSpec(group, target, modelType);
  if ('refusal' in choice) return choice;
  const { spec, prefix } = choice;
  const same = isSame(group, spec, prefix);
  const unread = same
    ? null
    : unreadNote(
        target,
        group.members.map(({ part }) => part),
      );
  const notes = [choice.note, unread].filter((each) => each != null);
  const note = notes.length === 0 ? undefined : notes.join(' ');
  if (same) return note === undefined ? { group } : { group, note };
  const parts = partsFor(logicalParts(group), spec, group, target, values);
  if ('refusal' in parts) return parts;
  const members = parts.parts.map((part) => memberOf(part, spec, prefix, group.experts ?? 0));
  const made = convertedGroup(group, spec, prefix, members, target, modelType);
  return note === undefined ? { group: made } : { group: made, note };
}

function unfitness(group: LayerGroup): TargetRefusal | null {
  if (group.layout?.family === 'unknown' || group.experts === null) {
    return {
      tag: 'layout-unknown',
      message: group.reason ?? 'This program does not know how these experts are stored.',
    };
  }
  if (group.orientation === 'ambiguous') {
    return {
      tag: 'orientation-ambiguous',
      message:
        'The matrices are square, so their shapes do not show whether the rows are inputs or outputs. Choose it in the view Convert, or with `--assume`.',
    };
  }
  return null;
}

/** True when the group already is what the target asks for, names included. */
function isSame(group: LayerGroup, spec: DialectSpec, prefix: string): boolean {
  return group.members.every((member) => {
    const stem = spec.stems[member.projection];
    const style = group.layout?.family === spec.family && group.layout.dialect === spec.dialect;
    return style && stem !== undefined && member.template === templateOf(prefix, stem, member.part, spec);
  });
}

function templateOf(prefix: string, stem: string, part: string, spec: DialectSpec): string {
  return `${prefix === '' ? '' : `${prefix}.`}${stem}${writePart(part, spec.style)}`;
}

function memberOf(part: JoinedPart, spec: DialectSpec, prefix: string, experts: number): ExpertMember {
  const stem = spec.stems[part.projection] ?? `experts.${part.projection}_proj`;
  const { dtype, projection } = part;
  const turned = part.dims.length === 2 && (part.kind === 'in-major' || orientationOf(spec, projection) === 'in-out');
  const inner = turned ? [...part.dims].reverse() : part.dims;
  return {
    projection,
    part: part.part,
    template: templateOf(prefix, stem, part.part, spec),
    dtype,
    shape: shapeOf(inner, spec, experts),
  };
}

function shapeOf(inner: readonly number[], spec: DialectSpec, experts: number): readonly number[] {
  if (spec.family === 'per-expert') return inner;
  const [first = 1, ...rest] = inner;
  return spec.family === 'flat' ? [experts * first, ...rest] : [experts, ...inner];
}

function convertedGroup(
  group: LayerGroup,
  spec: DialectSpec,
  prefix: string,
  members: readonly ExpertMember[],
  target: TargetLayout,
  modelType: string | null,
): LayerGroup {
  const row = architectureOf(modelType);
  const spelling = spellingOf(target);
  const rename = (name: string) => (row && spelling ? nameIn(spelling, name, group.prefix, row) : name);
  const joined = members.some((member) => member.projection === 'gate-up');
  return {
    ...group,
    prefix,
    layout: { family: spec.family, dialect: spec.dialect },
    orientation: spec.orientation,
    fusion: joined ? spec.fusion : 'none',
    members,
    expertTensors: namesOf(members, spec, group.experts ?? 0),
    router: group.router.map(rename),
    shared: group.shared.map(rename),
    defects: [],
  };
}

function namesOf(members: readonly ExpertMember[], spec: DialectSpec, experts: number): string[] {
  const templates = members.map((member) => member.template).sort(compareText);
  if (spec.family !== 'per-expert') return templates;
  return Array.from({ length: experts }, (_, expert) =>
    templates.map((each) => each.replaceAll('{i}', String(expert))),
  ).flat();
}
