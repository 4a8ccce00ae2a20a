import { describe, expect, it } from 'vitest';
import { dialogOfKey } from './features/finding/dialog-keys.ts';
import { KEY_GROUPS, KEYS, type KeyGroupId } from './features/finding/keys-table.ts';
import { movedTo } from './features/map/strips/keys.ts';
import { meaningOf } from './grid/keys.ts';
import { scrollOfKey } from './grid/zoom/overview.ts';
import { zoomOfKey } from './grid/zoom/zoom.ts';
import { stepOfKey } from './parts/segments.tsx';
import { treeMeaning } from './parts/virtual-list/tree-keys.ts';
import { target } from './parts/virtual-list/use-list.ts';

/** A key as the handlers take it. */
function pressOf(name: string) {
  const ctrlKey = name.startsWith('Control+');
  return {
    key: ctrlKey ? name.slice('Control+'.length) : name,
    ctrlKey,
    shiftKey: false,
    metaKey: false,
    altKey: false,
  };
}

const VIEW = { left: 10, top: 10, width: 100, height: 100 };
const ROWS = [
  { isLeaf: false, isOpen: false, parent: -1 },
  { isLeaf: false, isOpen: true, parent: 0 },
  { isLeaf: true, isOpen: false, parent: 0 },
];
const column = (...values: number[]) => Float64Array.from(values);
const file = (from: number, to: number) => ({ file: `${from}`, byteLength: 20, from, to });
const STRIPS = { files: [file(0, 2), file(2, 4)], start: column(0, 10, 0, 10), end: column(10, 20, 10, 20) };

/** Whether the handler of a kind of control does something on a key: the very functions that the views call. */
const HEARS: Readonly<Record<KeyGroupId, (name: string) => boolean>> = {
  everywhere: (name) => dialogOfKey(pressOf(name), false) !== null,
  grid: (name) => meaningOf(pressOf(name), { row: 1, column: 1 }, { row: 3, column: 3 }) !== null,
  zoom: (name) => zoomOfKey(pressOf(name), 2) !== null,
  overview: (name) => !name.includes('+') && scrollOfKey(name, VIEW) !== null,
  files: (name) => !name.includes('+') && movedTo(STRIPS as never, 1, name) !== null,
  list: (name) => !name.includes('+') && target(name, 1, 9, 4) !== null,
  tree: (name) => ROWS.some((row) => treeMeaning(name, row) !== null),
  choice: (name) => stepOfKey(name) !== null,
};

const NAMED = [
  'ArrowUp',
  'ArrowDown',
  'ArrowLeft',
  'ArrowRight',
  'PageUp',
  'PageDown',
  'Home',
  'End',
  'Enter',
  'Escape',
];
const MORE = ['Tab', 'Backspace', 'Delete', 'Insert', 'F1', 'F2', 'F5', ' '];
const PRINTED = Array.from({ length: 94 }, (_, at) => String.fromCharCode(33 + at));
const PLAIN = [...NAMED, ...MORE, ...PRINTED];
const HELD = ['Home', 'End', ...'abcdefghijklmnopqrstuvwxyz'].map((key) => `Control+${key}`);

describe('the table of keys', () => {
  for (const id of KEY_GROUPS)
    it(`says of "${KEYS[id].title}" what its handler hears, all of it and nothing else`, () => {
      const listed = KEYS[id].rows.flatMap(({ keys }) => keys);
      expect(listed.filter((name) => !HEARS[id](name))).toEqual([]);
      expect([...PLAIN, ...HELD].filter((name) => HEARS[id](name)).sort()).toEqual([...new Set(listed)].sort());
      expect(new Set(listed).size).toBe(listed.length);
    });

  it('opens the sheet only where nobody types, and finding everywhere', () => {
    expect(dialogOfKey(pressOf('?'), true)).toBeNull();
    expect(dialogOfKey(pressOf('Control+k'), true)).toBe('find');
    expect(dialogOfKey({ ...pressOf('k'), metaKey: true }, false)).toBe('find');
    expect(dialogOfKey({ ...pressOf('Control+k'), altKey: true }, false)).toBeNull();
  });
});
