import { describe, expect, it } from 'vitest';
import { CELL } from '../../core/index.ts';
import { describeCell, layoutOf, nameOf } from './describe.ts';
import { mapOf, rowOf } from './scene.fixture.ts';

describe('nameOf', () => {
  it('names layers by number, and what has none by its prefix', () => {
    expect(nameOf(rowOf(3, 4))).toBe('Layer 3');
    expect(nameOf(rowOf(61, 4, { kind: 'mtp' }))).toBe('MTP layer 61');
    expect(nameOf(rowOf(null, 4, { prefix: 'moe' }))).toBe('Moe');
    expect(nameOf(rowOf(null, 4, { prefix: '' }))).toBe('Experts');
  });
});

describe('layoutOf', () => {
  it('says family and dialect, or why there is none', () => {
    expect(layoutOf(rowOf(3, 4))).toBe('per-expert · projections');
    expect(layoutOf(rowOf(3, 4, { dialect: null }))).toBe('per-expert');
    expect(layoutOf(rowOf(3, 4, { family: null, dialect: null }))).toBe('not read yet');
    expect(layoutOf(rowOf(3, null))).toBe('dense');
    const lost = {
      family: null,
      dialect: null,
      defects: [{ tag: 'expert-missing', message: 'Nothing was read.' }],
    } as const;
    expect(layoutOf(rowOf(3, 4, lost))).toBe('missing');
  });
});

describe('describeCell', () => {
  const map = mapOf([rowOf(0, null), rowOf(1, 3), rowOf(2, 2)], { 4: CELL.pending, 5: CELL.defect });

  it('says state, dtype, bytes and file of an expert', () => {
    expect(describeCell(map, { row: 1, column: 0 })).toBe('Layer 1, expert 0, present, BF16, 1.5 kB, a.safetensors');
    expect(describeCell(map, { row: 1, column: 1 })).toBe('Layer 1, expert 1, not read yet');
    expect(describeCell(map, { row: 1, column: 2 })).toBe('Layer 1, expert 2, defect');
  });

  it('names every file of an expert', () => {
    const split = { ...map, files: { ...map.files, down: map.files.down.map(() => 1) } };
    expect(describeCell(split, { row: 1, column: 0 })).toContain('a.safetensors and b.safetensors');
  });

  it('counts the tensors of what stands beside the experts', () => {
    const layer = mapOf([rowOf(3, 2, { router: 1, attention: 4 })]);
    expect(describeCell(layer, { row: 0, column: -2 }, () => 'a value')).toBe('Layer 3, router, 1 tensor');
    expect(describeCell(layer, { row: 0, column: -3 })).toBe('Layer 3, no shared experts');
    expect(describeCell(layer, { row: 0, column: -4 })).toBe('Layer 3, attention, 4 tensors');
  });

  it('says what its picture says last', () => {
    expect(describeCell(map, { row: 1, column: 0 }, ({ row, column }) => `value of ${row}/${column}`)).toMatch(
      /, value of 1\/0$/,
    );
  });

  it('says that a cell without an expert has none', () => {
    expect(describeCell(map, { row: 0, column: 1 })).toBe('Layer 0, dense, no experts');
    expect(describeCell(map, { row: 2, column: 2 })).toBe('Layer 2, no expert 2');
    expect(describeCell(map, { row: 9, column: 0 })).toBe('');
  });
});
