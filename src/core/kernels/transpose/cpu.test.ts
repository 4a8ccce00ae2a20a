import { describe, expect, it } from 'vitest';
import { noise } from '../cases.fixture.ts';
import { transposeCpu } from './cpu.ts';

describe('transpose on the CPU', () => {
  it.each([1, 2, 4, 8])('turns every matrix of a batch, %i bytes an item, at any address', (itemBytes) => {
    for (const [batch, rows, columns] of [
      [1, 1, 1],
      [3, 5, 7],
      [2, 66, 130],
    ] as const) {
      const input = noise(batch * rows * columns * itemBytes, 3, 1);
      const output = new Uint8Array(input.length + 3).subarray(3);
      transposeCpu({ itemBytes, batch, rows, columns }, [input], output);
      const expected = new Uint8Array(input.length);
      for (let b = 0; b < batch; b++)
        for (let r = 0; r < rows; r++)
          for (let c = 0; c < columns; c++)
            for (let byte = 0; byte < itemBytes; byte++)
              expected[((b * columns + c) * rows + r) * itemBytes + byte] =
                input[((b * rows + r) * columns + c) * itemBytes + byte] ?? 0;
      expect(Buffer.compare(output, expected)).toBe(0);
    }
  });
});
