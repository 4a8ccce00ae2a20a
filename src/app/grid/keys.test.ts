import { describe, expect, it } from 'vitest';
import { meaningOf, moved } from './keys.ts';

const last = { row: 93, column: 127 };
const from = { row: 10, column: 20 };

describe('moved', () => {
  it('reaches what stands beside the experts, past the number of the layer', () => {
    const last = { row: 3, column: 7 };
    const go = (key: string, column: number) => moved(key, { row: 1, column }, last, false, 3)?.column;
    expect([go('ArrowLeft', 0), go('ArrowLeft', -2), go('ArrowLeft', -4)]).toEqual([-2, -3, -4]);
    expect([go('ArrowRight', -4), go('ArrowRight', -2), go('ArrowDown', -3)]).toEqual([-3, 0, -3]);
  });

  it('walks the grid and stops at its edges', () => {
    expect(moved('ArrowDown', from, last, false)).toEqual({ row: 11, column: 20 });
    expect(moved('ArrowUp', from, last, false)).toEqual({ row: 9, column: 20 });
    expect(moved('ArrowRight', from, last, false)).toEqual({ row: 10, column: 21 });
    expect(moved('Home', from, last, false)).toEqual({ row: 10, column: 0 });
    expect(moved('Home', from, last, true)).toEqual({ row: 0, column: 0 });
    expect(moved('End', from, last, false)).toEqual({ row: 10, column: 127 });
    expect(moved('End', from, last, true)).toEqual({ row: 93, column: 127 });
    expect(moved('PageUp', from, last, false)).toEqual({ row: 0, column: 20 });
    expect(moved('PageDown', { row: 90, column: 3 }, last, false)).toEqual({ row: 93, column: 3 });
    expect(moved('ArrowLeft', { row: 0, column: 0 }, last, false)).toEqual({ row: 0, column: 0 });
    expect(moved('a', from, last, false)).toBeNull();
  });
});

describe('meaningOf', () => {
  const press = (key: string, held: Partial<Record<'shiftKey' | 'ctrlKey' | 'metaKey' | 'altKey', boolean>> = {}) => ({
    ...{ shiftKey: false, ctrlKey: false, metaKey: false, altKey: false },
    ...held,
    key,
  });

  it('goes to the first cell where there is no cursor yet', () => {
    expect(meaningOf(press('ArrowDown'), null, last)).toEqual({
      kind: 'move',
      to: { row: 0, column: 0 },
      chosen: null,
    });
    expect(meaningOf(press('Enter'), null, last)).toBeNull();
    expect(meaningOf(press(' '), null, last)).toBeNull();
  });

  it('chooses rows on the way while Shift is held, and none along a row', () => {
    expect(meaningOf(press('PageDown', { shiftKey: true }), from, last)).toMatchObject({ chosen: [10, 20] });
    expect(meaningOf(press('ArrowRight', { shiftKey: true }), from, last)).toMatchObject({ chosen: null });
    expect(meaningOf(press('ArrowDown'), from, last)).toMatchObject({ chosen: null });
  });

  it('takes the control key of both kinds of keyboard', () => {
    const corner = { kind: 'move', to: { row: 0, column: 0 } };
    expect(meaningOf(press('Home', { ctrlKey: true }), from, last)).toMatchObject(corner);
    expect(meaningOf(press('Home', { metaKey: true }), from, last)).toMatchObject(corner);
  });

  it('opens, chooses and leaves', () => {
    expect(meaningOf(press('Enter'), from, last)).toEqual({ kind: 'open', cell: from });
    expect(meaningOf(press(' '), from, last)).toEqual({ kind: 'choose', cell: from });
    expect(meaningOf(press('Escape'), null, last)).toEqual({ kind: 'leave' });
  });

  it('leaves other keys to the browser, and every key where there are no rows', () => {
    expect(meaningOf(press('Tab'), from, last)).toBeNull();
    expect(meaningOf(press('ArrowLeft', { altKey: true }), from, last)).toBeNull();
    expect(meaningOf(press('ArrowDown'), null, { row: -1, column: 0 })).toBeNull();
  });
});
