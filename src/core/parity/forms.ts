import type { Checkpoint } from '../checkpoint/types.ts';
import { dialectOf, orientationOf } from '../layouts/dialects.ts';
import { innerShape } from '../layouts/sizes.ts';
import { asTarget } from '../layouts/target.ts';
import type { ExpertMember, LayerGroup, MatrixView, TargetLayout } from '../layouts/types.ts';
import { matrixView } from '../layouts/view.ts';
import { operationsBetween } from '../plan/operations.ts';
import { convertedTensors, keptTensor, type OutputDraft } from '../plan/outputs.ts';
import type { Operation } from '../plan/types.ts';
import type { ExpertWeights, StoredWeights } from './experts-graph.ts';
import type { Weight } from './graph.ts';
import { elementOf, type HeldRange, type Reader } from './reading.ts';

/** The three ways to hold a block's experts that are compared. */
export type FormId = 'perExpert' | 'stacked' | 'gateUp';
export const FORMS: readonly FormId[] = ['perExpert', 'stacked', 'gateUp'];

const TARGETS: Readonly<Record<FormId, TargetLayout>> = {
  perExpert: 'per-expert',
  stacked: 'stacked',
  gateUp: 'gate-up',
};

/** A layer's experts in one form: the tensors that hold them, and for each the bytes of the checkpoint that make it. */
export interface Form {
  readonly id: FormId;
  readonly group: LayerGroup;
  /** True where the checkpoint's own bytes are of this form; else they are what a conversion would write. */
  readonly stored: boolean;
  readonly operations: readonly Operation[];
  readonly drafts: ReadonlyMap<string, OutputDraft>;
}

export type FormAnswer = { readonly form: Form } | { readonly reason: string };

/** Which form a layer's experts are stored in; null for layouts that are none of the three. */
export function storedForm(group: LayerGroup): FormId | null {
  const family = group.layout?.family;
  if (group.fusion === 'up-first') return null;
  if (family === 'per-expert') return 'perExpert';
  if (family === 'stacked') return 'stacked';
  return family?.startsWith('gate-up') ? 'gateUp' : null;
}

/**
 * A layer's experts in a form, from the bytes that it stores: as they are where they have the form already, else through
 * the same parts that a conversion would write. Nothing is read.
 */
export function planForm(
  id: FormId,
  checkpoint: Pick<Checkpoint, 'tensors'>,
  group: LayerGroup,
  modelType: string | null,
): FormAnswer {
  const unfit = unfitReason(group);
  if (unfit !== null) return { reason: unfit };
  const stored = storedForm(group) === id;
  const answer = stored ? { group } : asTarget(group, TARGETS[id], modelType);
  const to = 'group' in answer ? answer.group : id === 'gateUp' ? plainGateUp(group) : null;
  if (to === null) return { reason: 'refusal' in answer ? answer.refusal.message : 'It has no such form.' };
  const same = to === group;
  const operations = same ? [] : operationsBetween(group, to);
  const drafts = same
    ? group.expertTensors.flatMap((name) => {
        const tensor = checkpoint.tensors.get(name);
        return tensor ? [keptTensor(tensor, name, true)] : [];
      })
    : convertedTensors({ from: group, to, tensors: checkpoint.tensors }, operations);
  return {
    form: { id, group: to, stored, operations, drafts: new Map(drafts.map((draft) => [draft.name, draft])) },
  };
}

/** Gate-up for an architecture that no consumer reads in this form (DBRX): to compute with, never to be written. */
function plainGateUp(group: LayerGroup): LayerGroup | null {
  const gate = matrixView(group, 'gate', 0);
  const down = matrixView(group, 'down', 0);
  const experts = group.experts;
  if (!gate || !down || experts === null || group.members.some(({ part }) => part !== 'weight')) return null;
  const member = (projection: 'gate-up' | 'down', template: string, rows: number, { columns, dtype }: MatrixView) =>
    ({ projection, part: 'weight', template, dtype, shape: [experts, rows, columns] }) satisfies ExpertMember;
  return {
    ...group,
    layout: { family: 'gate-up', dialect: 'plain' },
    orientation: 'out-in',
    fusion: 'concatenated',
    members: [
      member('gate-up', `${group.prefix}.experts.gate_up_proj`, 2 * gate.rows, gate),
      member('down', `${group.prefix}.experts.down_proj`, down.rows, down),
    ],
  };
}

function unfitReason(group: LayerGroup): string | null {
  if (group.experts === null || group.orientation === 'ambiguous')
    return group.reason ?? 'The matrices are square, so it is not known whether rows are inputs or outputs.';
  const strange = group.members.find(
    (member) => elementOf(member.dtype) === null || !['weight', 'bias'].includes(member.part),
  );
  if (!strange) return null;
  return `${strange.template} is ${strange.dtype}; only experts stored as F32, BF16 or F16 are computed.`;
}

/** Bytes of experts `from` to `to` as a graph takes them. */
export async function readExperts(form: Form, from: number, to: number, reader: Reader): Promise<ExpertWeights> {
  const spec = dialectOf(form.group.layout);
  if (!spec) throw new TypeError('A form without a layout.');
  const apart = form.group.layout?.family === 'per-expert';
  const members: StoredWeights[] = [];
  for (const member of form.group.members) {
    if (member.part !== 'weight') continue;
    const bias = form.group.members.find((each) => each.projection === member.projection && each.part === 'bias');
    const read = (each: ExpertMember) => readMember(form, each, from, to, reader);
    members.push({
      projection: member.projection,
      orientation: orientationOf(spec, member.projection),
      weight: await read(member),
      bias: bias ? await read(bias) : null,
    });
  }
  return { apart, interleaved: form.group.fusion === 'interleaved', members };
}

async function readMember(
  form: Form,
  member: ExpertMember,
  from: number,
  to: number,
  reader: Reader,
): Promise<readonly Weight[] | Weight> {
  const element = elementOf(member.dtype) as Weight['element'];
  if (form.group.layout?.family === 'per-expert') {
    const weights: Weight[] = [];
    for (let expert = from; expert < to; expert++) {
      const draft = draftOf(form, member.template.replaceAll('{i}', String(expert)));
      const bytes = await reader.readParts(draft.parts, 0, draft.byteLength);
      weights.push({ element, dims: member.shape, bytes });
    }
    return weights;
  }
  const draft = draftOf(form, member.template);
  const experts = form.group.experts ?? 1;
  const each = draft.byteLength / experts;
  const bytes = await reader.readParts(draft.parts, from * each, to * each);
  const spec = dialectOf(form.group.layout);
  const inner = spec ? innerShape(member, spec, experts) : member.shape.slice(1);
  return { element, dims: [to - from, ...inner], bytes };
}

function draftOf(form: Form, name: string): OutputDraft {
  const draft = form.drafts.get(name);
  if (!draft) throw new TypeError(`No bytes are known for ${name}.`);
  return draft;
}

/** Numbers of one expert: all its matrices and biases. */
export function numbersOfExpert({ members, experts }: LayerGroup): number {
  return members.reduce((sum, { shape, template }) => {
    const size = shape.reduce((product, dim) => product * dim, 1);
    return sum + (template.includes('{i}') ? size : size / (experts ?? 1));
  }, 0);
}

/** Bytes of the checkpoint that hold experts `from` to `to` of a group, as it stores them. */
export function expertRanges(
  checkpoint: Pick<Checkpoint, 'tensors'>,
  group: LayerGroup,
  from: number,
  to: number,
): HeldRange[] {
  const experts = group.experts ?? 1;
  return group.members.flatMap((member) => {
    if (member.template.includes('{i}')) {
      return Array.from({ length: to - from }, (_, at) => member.template.replaceAll('{i}', String(from + at))).flatMap(
        (name) => {
          const tensor = checkpoint.tensors.get(name);
          return tensor ? [{ file: tensor.file, start: tensor.start, end: tensor.end }] : [];
        },
      );
    }
    const tensor = checkpoint.tensors.get(member.template);
    if (!tensor) return [];
    const each = (tensor.end - tensor.start) / experts;
    return [{ file: tensor.file, start: tensor.start + from * each, end: tensor.start + to * each }];
  });
}

/** Experts `from` to `to` (places in `weights`) alone; nothing is copied. */
export function sliceExperts(weights: ExpertWeights, from: number, to: number): ExpertWeights {
  const slice = (each: readonly Weight[] | Weight): readonly Weight[] | Weight => {
    if (Array.isArray(each)) return (each as readonly Weight[]).slice(from, to);
    const { element, dims, bytes } = each as Weight;
    const [count = 1, ...inner] = dims;
    const size = bytes.byteLength / count;
    return { element, dims: [to - from, ...inner], bytes: bytes.subarray(from * size, to * size) };
  };
  const members = weights.members.map((member) => ({
    ...member,
    weight: slice(member.weight),
    bias: member.bias === null ? null : slice(member.bias),
  }));
  return { ...weights, members };
}
