import type { CheckpointTensor } from '../checkpoint/types.ts';
import type { DType } from '../safetensors/dtype.ts';
import type { Shape } from '../safetensors/types.ts';
import type { PartStyle } from './dialect-rows.ts';
import type { ExpertTail } from './expert-name.ts';
import type { Defect } from './types.ts';

/** One kind of expert tensor of a layer, before it is known which dialect it belongs to. */
export interface Kind {
  readonly stem: string;
  readonly part: string;
  readonly style: PartStyle;
  /** Whole name, `{i}` where experts stand apart. */
  readonly template: string;
  /** Of the first tensor seen; the others are held against it. */
  readonly dtype: DType;
  readonly shape: Shape;
  /** Names by expert number; a stacked tensor stands under 0. */
  readonly names: Map<number, string>;
}

/** All expert tensors under one prefix. */
export interface Bucket {
  readonly prefix: string;
  readonly kinds: Map<string, Kind>;
  readonly leftovers: string[];
  readonly defects: Defect[];
  /** Tensors that are in `kinds` a second time. */
  readonly duplicates: string[];
}

export function createBucket(prefix: string): Bucket {
  return { prefix, kinds: new Map(), leftovers: [], defects: [], duplicates: [] };
}

/** What an expert tensor's name says. `template` is the whole name, `{i}` for the number. */
interface SeenExpert {
  readonly tail: ExpertTail;
  readonly digits: string | null;
  readonly template: string;
}

/** Takes one expert tensor in, noting what disagrees with the ones before it. */
export function addExpert(bucket: Bucket, tensor: CheckpointTensor, { tail, digits, template }: SeenExpert): void {
  const expert = digits === null ? 0 : Number(digits);
  const { key } = tail;
  const kind = bucket.kinds.get(key);
  if (digits !== null && String(expert) !== digits) spelledOtherwise(bucket, tensor, `number ${digits}`, expert);
  if (!kind) {
    const { dtype, shape } = tensor;
    const names = new Map([[expert, tensor.name]]);
    bucket.kinds.set(key, { stem: tail.stem, part: tail.part, style: tail.style, template, dtype, shape, names });
    return;
  }
  const before = kind.names.get(expert);
  if (before !== undefined) {
    const message = `Expert ${expert} is stored twice: ${before} and ${tensor.name}.`;
    bucket.defects.push({ tag: 'expert-duplicate', message, tensor: tensor.name, expert });
    bucket.duplicates.push(tensor.name);
    return;
  }
  kind.names.set(expert, tensor.name);
  if (template !== kind.template) spelledOtherwise(bucket, tensor, kind.template, expert);
  compareToFirst(bucket, kind, tensor, expert);
}

/** A name that the layer's other names do not lead to would be looked for in vain. */
function spelledOtherwise(bucket: Bucket, { name }: CheckpointTensor, other: string, expert: number): void {
  const message = other.includes('{i}')
    ? `${name} is spelled differently from ${other} of the other experts.`
    : `${name} writes its ${other} with more digits than it needs.`;
  bucket.defects.push({ tag: 'expert-spelling', message, tensor: name, expert });
}

function compareToFirst(bucket: Bucket, kind: Kind, tensor: CheckpointTensor, expert: number): void {
  const { name } = tensor;
  if (tensor.dtype !== kind.dtype) {
    const message = `${name} is ${tensor.dtype}, other experts are ${kind.dtype}.`;
    bucket.defects.push({ tag: 'expert-dtype-unequal', message, tensor: name, expert });
  }
  if (!sameShape(tensor.shape, kind.shape)) {
    const message = `${name} is [${tensor.shape.join(', ')}], other experts are [${kind.shape.join(', ')}].`;
    bucket.defects.push({ tag: 'expert-shape-unequal', message, tensor: name, expert });
  }
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, at) => dim === b[at]);
}

/** All names of a bucket in natural order: numbers as numbers, the rest as text. */
export function namesInOrder(bucket: Bucket): string[] {
  const names: string[] = [];
  for (const kinds of kindsByStart(bucket)) {
    const numbers = new Set(kinds.flatMap((kind) => [...kind.names.keys()]));
    for (const expert of [...numbers].sort((a, b) => a - b)) {
      for (const kind of kinds) {
        const name = kind.names.get(expert);
        if (name !== undefined) names.push(name);
      }
    }
  }
  return [...names, ...bucket.duplicates, ...bucket.leftovers];
}

/** Kinds that are alike up to the expert's number, in text order. */
function kindsByStart(bucket: Bucket): readonly (readonly Kind[])[] {
  const groups = new Map<string, Kind[]>();
  for (const kind of [...bucket.kinds.values()].sort((a, b) => compareText(a.template, b.template))) {
    const at = kind.template.indexOf('{i}');
    const start = at === -1 ? kind.template : kind.template.slice(0, at);
    groups.set(start, [...(groups.get(start) ?? []), kind]);
  }
  return [...groups.values()];
}

/** Text order by UTF-16 code units, the same on every machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
