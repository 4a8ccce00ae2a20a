import fc from 'fast-check';
import { expect, it } from 'vitest';
import { gatherCpu } from '../kernels/gather/cpu.ts';
import type { FileOffset } from '../safetensors/types.ts';
import { patternBytes } from '../testing.fixture.ts';
import { type Gathered, inverseOf, regionsOf, ungather } from './unmake.ts';

const span = (length: number) => ({ file: 'a', start: 0 as FileOffset, end: length as FileOffset });

it('puts back what a transpose of two spans into one tensor moved, by the inverse gather', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom(1, 2, 4, 8),
      fc.integer({ min: 0, max: 2 }),
      (rows, columns, itemBytes, select) => {
        const length = rows * columns * itemBytes;
        const inputs = [patternBytes('gate', length), patternBytes('up', length)];
        const shape = [columns, rows];
        const strides = [1, columns];
        shape.splice(select, 0, 2);
        strides.splice(select, 0, 0);
        const spans = [span(length), span(length)];
        const part = { kind: 'gather' as const, spans, itemBytes, shape, strides, bases: [0, 0], select };
        const made = new Uint8Array(2 * length);
        gatherCpu(part, inputs, made);
        for (const at of [0, 1]) {
          const gathered: Gathered = { part, span: at, file: 'out', at: 0 };
          expect(inverseOf(gathered)).not.toBeNull();
          const target = new Uint8Array(length);
          ungather(gathered, made, target);
          expect(target).toEqual(new Uint8Array(inputs[at] ?? []));
          expect(regionsOf([{ start: 7, end: 7 + length, gathered }])).toHaveLength(1);
        }
      },
    ),
  );
});

it('puts back interleaved columns, each half of which fills every second element', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 9 }),
      fc.integer({ min: 2, max: 9 }),
      fc.constantFrom(1, 2, 4),
      (rows, columns, itemBytes) => {
        const length = 2 * rows * columns * itemBytes;
        const source = patternBytes('both', length);
        const target = new Uint8Array(length);
        const ranges = [0, 1].map((half) => {
          const reach = { start: half * itemBytes, end: length - (1 - half) * itemBytes };
          const part = {
            kind: 'gather' as const,
            spans: [span(reach.end - reach.start)],
            itemBytes,
            shape: [columns, rows],
            strides: [2, 2 * columns],
            bases: [0],
            select: null,
          };
          const made = new Uint8Array(length / 2);
          gatherCpu(part, [source.slice(reach.start, reach.end)], made);
          const gathered: Gathered = { part, span: 0, file: 'out', at: 0 };
          ungather(gathered, made, target.subarray(reach.start));
          return { ...reach, gathered };
        });
        expect(target).toEqual(new Uint8Array(source));
        const [first] = ranges;
        expect(regionsOf(ranges)).toMatchObject([{ start: 0, end: length }]);
        expect(first && regionsOf([first])).toEqual([]);
      },
    ),
  );
});
