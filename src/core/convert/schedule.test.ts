import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { partBytes } from '../plan/parts.ts';
import type { GatherPart, OutputShard, OutputTensor, Part, Span } from '../plan/types.ts';
import type { FileOffset } from '../safetensors/types.ts';
import { type Item, scheduleShard, type Unit, writeRuns } from './schedule.ts';

const span = (file: string, start: number, length: number): Span => ({
  file,
  start: start as FileOffset,
  end: (start + length) as FileOffset,
});

const copy = (file: string, start: number, length: number): Part => ({ kind: 'copy', span: span(file, start, length) });

const pair = (a: Span, b: Span): GatherPart => ({
  kind: 'gather',
  spans: [a, b],
  itemBytes: 1,
  shape: [a.end - a.start, 2],
  strides: [1, 0],
  bases: [0, 0],
  select: 1,
});

function shardOf(...tensors: readonly (readonly Part[])[]): OutputShard {
  const header = new Uint8Array(100);
  let start = header.byteLength;
  const made = tensors.map((parts, index): OutputTensor => {
    const byteLength = parts.reduce((sum, part) => sum + partBytes(part), 0);
    const tensor = {
      name: `t${index}`,
      dtype: 'U8',
      shape: [byteLength],
      byteLength,
      start: start as FileOffset,
      parts,
      operations: [],
      expert: true,
    } as const;
    start += byteLength;
    return tensor;
  });
  return { file: 'out', byteLength: start, header, tensors: made };
}

const part = fc.oneof(
  fc
    .record({ file: fc.constantFrom('a', 'b'), start: fc.integer({ min: 0, max: 500 }), length: fc.nat({ max: 300 }) })
    .map(({ file, start, length }) => copy(file, start, length)),
  fc
    .record({
      file: fc.constantFrom('a', 'b'),
      other: fc.constantFrom('a', 'b'),
      start: fc.nat({ max: 500 }),
      second: fc.nat({ max: 500 }),
      length: fc.integer({ min: 1, max: 80 }),
    })
    .map(({ file, other, start, second, length }) => pair(span(file, start, length), span(other, second, length))),
  fc.uint8Array({ maxLength: 5 }).map((bytes): Part => ({ kind: 'bytes', bytes: [...bytes], origin: span('a', 0, 1) })),
);
const shards = fc.array(fc.array(part, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 5 });

/** The file byte that lies at `at` of a unit's buffer. */
function sourceOf(unit: Unit, at: number): string {
  const read = unit.reads.find((each) => at >= each.at && at < each.at + each.end - each.start);
  if (!read) throw new Error(`nothing is read to ${at}`);
  return `${read.file}:${read.start + at - read.at}`;
}

describe('the schedule of a shard', () => {
  it('makes every output byte once, of the bytes that the plan names, part by part in order', () => {
    fc.assert(
      fc.property(shards, fc.integer({ min: 1, max: 400 }), fc.nat({ max: 60 }), (tensors, unitBytes, gap) => {
        const shard = shardOf(...tensors);
        const units = scheduleShard(shard, { unitBytes, gap });
        const made = new Map<number, string>();
        const reached = new Map<string, number>();
        // Collected: one expectation for each byte would take most of the time.
        const wrong: string[] = [];
        for (const unit of units) {
          expect(unit.readBytes).toBe(unit.reads.reduce((sum, read) => sum + read.end - read.start, 0));
          for (const item of unit.items) {
            const key = `${item.tensor.name}/${item.part}`;
            expect(item.offset).toBe(reached.get(key) ?? startOf(item));
            reached.set(key, item.offset + item.length);
            for (let i = 0; i < item.length; i++) {
              if (made.has(item.offset + i)) wrong.push(`byte ${item.offset + i} is made twice`);
              made.set(item.offset + i, describeByte(unit, item, i));
            }
          }
        }
        let offset = shard.header.byteLength;
        for (const tensor of shard.tensors)
          for (const each of tensor.parts)
            for (let i = 0; i < partBytes(each); i++, offset++)
              if (made.get(offset) !== wanted(each, i))
                wrong.push(`byte ${offset} is ${made.get(offset)}, not ${wanted(each, i)}`);
        expect(wrong).toEqual([]);
        expect(made.size).toBe(shard.byteLength - shard.header.byteLength);
      }),
    );
  });

  it('reads no more at once than a unit, save for one kernel, and never twice in a unit', () => {
    fc.assert(
      fc.property(shards, fc.integer({ min: 1, max: 400 }), (tensors, unitBytes) => {
        for (const unit of scheduleShard(shardOf(...tensors), { unitBytes, gap: 0 })) {
          const spans = unit.items.flatMap((item) => (item.kind === 'compute' ? item.source.spans : []));
          const largest = spans.reduce((sum, each) => sum + each.end - each.start, 0);
          expect(unit.readBytes).toBeLessThanOrEqual(Math.max(unitBytes, largest));
        }
      }),
    );
  });

  it('follows the source: what three stacked tensors take in turns from one file is one read', () => {
    const thirds = [0, 1, 2].map((projection) =>
      [0, 1, 2, 3].map((expert) => copy('a', expert * 30 + projection * 10, 10)),
    );
    const units = scheduleShard(shardOf(...thirds), { unitBytes: 60, gap: 0 });
    expect(units.map((unit) => unit.reads)).toEqual([
      [{ file: 'a', start: 0, end: 60, at: 0 }],
      [{ file: 'a', start: 60, end: 120, at: 0 }],
    ]);
  });

  it('reads once what two kernels take out of the same span', () => {
    const [unit, ...rest] = scheduleShard(
      shardOf([pair(span('a', 0, 50), span('a', 50, 50))], [pair(span('a', 0, 50), span('a', 50, 50))]),
      { unitBytes: 10, gap: 0 },
    );
    expect(rest).toEqual([]);
    expect(unit?.readBytes).toBe(100);
  });

  it('writes neighbours that stay neighbours at once', () => {
    const [unit] = scheduleShard(shardOf([copy('a', 0, 10)], [copy('a', 10, 10)], [copy('a', 40, 5)]), {
      unitBytes: 100,
      gap: 0,
    });
    const copies = (unit?.items ?? []).flatMap((item) => (item.kind === 'copy' ? [item] : []));
    expect(writeRuns(copies)).toEqual([{ at: 0, offset: 100, length: 25 }]);
    expect(unit?.reads).toHaveLength(2);
  });
});

function startOf({ tensor, part: number }: Item): number {
  return tensor.parts.slice(0, number).reduce((sum, each) => sum + partBytes(each), tensor.start as number);
}

function describeByte(unit: Unit, item: Item, i: number): string {
  if (item.kind === 'bytes') return `bytes:${item.bytes[i]}`;
  if (item.kind === 'copy') return sourceOf(unit, item.at + i);
  const input = item.inputs[i % 2];
  return sourceOf(unit, (input?.at ?? 0) + Math.floor(i / 2));
}

function wanted(each: Part, i: number): string {
  if (each.kind === 'bytes') return `bytes:${each.bytes[i]}`;
  if (each.kind === 'copy') return `${each.span.file}:${each.span.start + i}`;
  const from = each.spans[i % 2];
  return `${from?.file}:${(from?.start ?? 0) + Math.floor(i / 2)}`;
}
