import { describe, expect, it } from 'vitest';
import { beginPress, CLICK_SLACK, endPress, movePress } from './press.ts';

const NO_KEYS = { ctrlKey: false, metaKey: false, shiftKey: false };
const at = (row: number, column: number, x = 100, y = 100) => ({ cell: { row, column }, x, y });

describe('a press on a cell', () => {
  it('pins the cell, also when the hand trembles', () => {
    const press = movePress(beginPress(at(3, 4), NO_KEYS, null), at(3, 4, 100 + CLICK_SLACK, 100));
    expect(endPress(press)).toEqual({ kind: 'pin', cell: { row: 3, column: 4 } });
  });

  it('chooses the layers that it is dragged across, instead of what was chosen', () => {
    const down = beginPress(at(3, 4), NO_KEYS, null);
    const dragged = movePress(down, at(6, 9, 140, 130));
    expect(dragged.choosing).toBe(true);
    expect(endPress(dragged)).toEqual({ kind: 'choose', rows: [3, 4, 5, 6], how: 'set' });
    const back = movePress(dragged, at(1, 9, 140, 90));
    expect(endPress(back)).toEqual({ kind: 'choose', rows: [1, 2, 3], how: 'set' });
  });

  it('is the same press while it reaches no other row', () => {
    const dragged = movePress(beginPress(at(3, 4), NO_KEYS, null), at(5, 4, 100, 140));
    expect(movePress(dragged, at(5, 4, 101, 101))).toBe(dragged);
  });
});

describe('a press on the number of a layer', () => {
  it('adds the layer or takes it away', () => {
    expect(endPress(beginPress(at(3, -1), NO_KEYS, null))).toEqual({ kind: 'choose', rows: [3], how: 'toggle' });
  });

  it('chooses what it is dragged across', () => {
    const dragged = movePress(beginPress(at(3, -1), NO_KEYS, null), at(4, -1, 100, 103));
    expect(endPress(dragged)).toEqual({ kind: 'choose', rows: [3, 4], how: 'set' });
  });
});

describe('a press with a modifier key', () => {
  it('adds the layers from the cursor on with Shift', () => {
    const press = beginPress(at(8, 4), { ...NO_KEYS, shiftKey: true }, { row: 6, column: 0 });
    expect(endPress(press)).toEqual({ kind: 'choose', rows: [6, 7, 8], how: 'add' });
    const alone = beginPress(at(8, 4), { ...NO_KEYS, shiftKey: true }, null);
    expect(endPress(alone)).toEqual({ kind: 'choose', rows: [8], how: 'add' });
  });

  it('toggles with Control or Command, whatever the cursor is on', () => {
    for (const key of ['ctrlKey', 'metaKey'] as const) {
      const press = beginPress(at(8, 4), { ...NO_KEYS, [key]: true }, { row: 6, column: 0 });
      expect(endPress(press)).toEqual({ kind: 'choose', rows: [8], how: 'toggle' });
    }
  });
});
