import { describe, expect, it } from 'vitest';
import { fitGeometry } from '../../../grid/geometry.ts';
import { createInStep, type Scroller } from './scroll-in-step.ts';

/** A scroller that ends where its content does, and tells of its moves later, as an element does. */
function scroller(most: number) {
  let listeners: (() => void)[] = [];
  let [left, top, moves] = [0, 0, 0];
  let told = true;
  const move = (set: () => void) => {
    const before = left + top;
    set();
    if (left + top === before) return;
    moves += 1;
    told = false;
  };
  const tell = () => {
    if (told) return;
    told = true;
    for (const listener of listeners) listener();
  };
  const element: Scroller = {
    get scrollLeft() {
      return left;
    },
    set scrollLeft(value) {
      move(() => {
        left = Math.max(0, Math.min(most, value));
      });
    },
    get scrollTop() {
      return top;
    },
    set scrollTop(value) {
      move(() => {
        top = Math.max(0, Math.min(most, value));
      });
    },
    addEventListener: (_, listener) => {
      listeners.push(listener);
    },
    removeEventListener: (_, listener) => {
      listeners = listeners.filter((each) => each !== listener);
    },
  };
  return { element, tell, moves: () => moves, listeners: () => listeners.length };
}

/** Tells of moves until nothing moves any more. */
function settle(...scrollers: readonly ReturnType<typeof scroller>[]): void {
  for (let turn = 0; turn < 5; turn += 1) for (const { tell } of scrollers) tell();
}

const rows = (count: number) => Array.from({ length: count }, (_, row) => row);

describe('two grids in step', () => {
  it('show the same row and column, whatever the sizes of their cells, and no echo moves the first', () => {
    const { join } = createInStep({ left: rows(94), right: rows(94) });
    const [left, right] = [scroller(5000), scroller(5000)];
    join('left', left.element, fitGeometry(94, 128, 400, 200, 1));
    join('right', right.element, fitGeometry(94, 128, 400, 200, 2));
    left.element.scrollTop = 50;
    settle(left, right);
    expect(right.element.scrollTop).toBe(100);
    left.element.scrollLeft = 40;
    settle(left, right);
    expect(right.element.scrollLeft).toBe(80);
    expect([left.moves(), right.moves()]).toEqual([2, 2]);
    right.element.scrollTop = 0;
    settle(left, right);
    expect(left.element.scrollTop).toBe(0);
  });

  it('follow the pairs of rows, and rest where one has come to its end', () => {
    const { join } = createInStep({ left: [-1, 0, 1, 2], right: [1, 2, 3] });
    const geometry = fitGeometry(4, 4, 400, 200, 1);
    const [left, right] = [scroller(5000), scroller(10)];
    join('left', left.element, geometry);
    const leave = join('right', right.element, geometry);
    left.element.scrollTop = geometry.cellHeight * 3;
    settle(left, right);
    expect(right.element.scrollTop).toBe(10);
    expect([left.moves(), left.element.scrollTop]).toEqual([1, geometry.cellHeight * 3]);
    leave();
    expect(right.listeners()).toBe(0);
    left.element.scrollTop = 0;
    settle(left, right);
    expect(right.element.scrollTop).toBe(10);
  });
});
