import { partBytes } from '../../plan/parts.ts';
import type { Coding, DequantisePart, GatherPart, Part, Span } from '../../plan/types.ts';
import { bytesOf, isDType } from '../../safetensors/dtype.ts';
import type { FileOffset } from '../../safetensors/types.ts';
import type { PartJson } from './schema.ts';
import type { PlannedFile } from './types.ts';

type Refuse = (why: string) => never;
type SpanJson = readonly [number, number, number];

/**
 * A part of a plan file, with the bytes that it writes. Its ranges lie in files of the source, and what a kernel reads of
 * them lies in these ranges.
 */
export function partOf(
  json: PartJson,
  files: readonly PlannedFile[],
  refuse: Refuse,
): { readonly part: Part; readonly byteLength: number } {
  const span = ([number, start, end]: SpanJson): Span => {
    const file = files[number];
    if (!file) return refuse(`there is no file ${number} of the source`);
    if (start > end || end > file.byteLength)
      refuse(`bytes ${start} to ${end} are not in ${file.name}, which has ${file.byteLength}`);
    return { file: file.name, start: start as FileOffset, end: end as FileOffset };
  };
  const part = toPart(json, span);
  if (part.kind === 'gather') {
    const lengths = part.spans.map(({ start, end }) => end - start);
    checkGather(part, lengths, refuse);
  }
  if (part.kind === 'dequantise') checkDequantise(part, refuse);
  const byteLength = partBytes(part);
  if (!Number.isSafeInteger(byteLength)) refuse('a part is larger than 2^53 − 1 bytes');
  return { part, byteLength };
}

function toPart(json: PartJson, span: (json: SpanJson) => Span): Part {
  if (Array.isArray(json)) return { kind: 'copy', span: span(json as unknown as SpanJson) };
  const made = json as Exclude<PartJson, SpanJson>;
  if (made.kind === 'bytes') return { kind: 'bytes', bytes: made.bytes, origin: span(made.origin) };
  return { ...made, spans: made.spans.map(span) } as Part;
}

/** `lengths`: bytes of each of the inputs. */
function checkGather(gather: Omit<GatherPart, 'kind' | 'spans'>, lengths: readonly number[], refuse: Refuse): void {
  const { itemBytes, shape, strides, bases, select } = gather;
  if (![1, 2, 4, 8, 16].includes(itemBytes)) refuse(`elements of ${itemBytes} bytes cannot be gathered`);
  if (strides.length !== shape.length || bases.length !== lengths.length || shape.length > 8)
    refuse('its strides or bases do not fit its shape and ranges');
  if (select === null ? lengths.length !== 1 : shape[select] !== lengths.length)
    refuse('the dim that selects a range has not one index for each');
  if (shape.includes(0)) return;
  let first = 0;
  let last = 0;
  for (const [dim, size] of shape.entries()) {
    if (dim === select) continue;
    const reach = (size - 1) * (strides[dim] ?? 0);
    first += Math.min(0, reach);
    last += Math.max(0, reach);
  }
  for (const [at, base] of bases.entries())
    if (base + first < 0 || (base + last + 1) * itemBytes > (lengths[at] ?? 0))
      refuse('it gathers elements outside of its range');
}

/** Codes and scales by turns: each of the length that their coding says, scales of whole blocks. */
function checkDequantise({ spans, packed, gather }: DequantisePart, refuse: Refuse): void {
  const lengths = spans.map(({ start, end }) => end - start);
  const made: number[] = [];
  for (const { coding, scales } of packed) {
    const { numbers, codes, grid } = sizesOf(coding);
    if (![numbers, codes, grid].every(Number.isSafeInteger)) refuse('it has more numbers than 2^53 − 1');
    if (lengths.shift() !== codes) refuse(`packed numbers need ${codes} bytes of codes`);
    if (scales !== null) {
      const bytes = isDType(scales) ? bytesOf(scales, grid) : refuse(`there is no dtype ${scales}`);
      if (lengths.shift() !== bytes) refuse(`packed numbers need ${grid} scales`);
    }
    made.push(2 * numbers);
  }
  if (lengths.length > 0) refuse('it reads ranges that are neither codes nor scales');
  if (gather) {
    if (gather.itemBytes !== 2) refuse('numbers that were unpacked have 2 bytes');
    checkGather(gather, made, refuse);
  }
}

function sizesOf(coding: Coding): { readonly numbers: number; readonly codes: number; readonly grid: number } {
  if (coding.format === 'mxfp4') return { numbers: 32 * coding.groups, codes: 16 * coding.groups, grid: coding.groups };
  const { batch, rows, columns, blockRows, blockColumns } = coding;
  const numbers = batch * rows * columns;
  const grid = batch * Math.ceil(rows / blockRows) * Math.ceil(columns / blockColumns);
  return { numbers, codes: numbers, grid };
}
