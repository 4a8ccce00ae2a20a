import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createKept } from './kept.ts';

const kept = new Map<string, string>();
const storage = {
  getItem: (name: string) => kept.get(name) ?? null,
  setItem: (name: string, value: string) => void kept.set(name, value),
};
const numberOf = (value: unknown) => ({ count: Number(Reflect.get(Object(value), 'count') ?? 0) });

beforeEach(() => vi.stubGlobal('localStorage', storage));
afterEach(() => {
  kept.clear();
  vi.unstubAllGlobals();
});

it('keeps what is set, and finds it the next time', () => {
  createKept('choices', numberOf).setState({ count: 3 });
  expect(createKept('choices', numberOf).getState()).toEqual({ count: 3 });
});

it('reads what zustand’s persist wrote', () => {
  kept.set('choices', '{"state":{"count":7},"version":0}');
  expect(createKept('choices', numberOf).getState()).toEqual({ count: 7 });
});

it.each(['', 'nonsense', 'null', '7', '[]', '{"state":null}'])(
  'begins without what was kept where that is %j',
  (text) => {
    kept.set('choices', text);
    expect(createKept('choices', numberOf).getState()).toEqual({ count: 0 });
  },
);

it('works in a browser that keeps nothing or has no room', () => {
  const refuse = () => {
    throw new DOMException('The quota was exceeded.', 'QuotaExceededError');
  };
  vi.stubGlobal('localStorage', { getItem: refuse, setItem: refuse });
  const store = createKept('choices', numberOf);
  store.setState({ count: 3 });
  expect(store.getState()).toEqual({ count: 3 });
});
