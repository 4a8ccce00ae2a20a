import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAddressStore } from './address-store.ts';
import { PLAIN_LOOK } from './seen/look.ts';

/** A window with a history of its own. */
function createHost(search: string) {
  const entries = [search];
  let at = 0;
  const listeners: (() => void)[] = [];
  const host = {
    location: {
      pathname: '/app/',
      get search() {
        return entries[at] ?? '';
      },
    },
    history: {
      pushState: (_: unknown, __: string, url?: string | URL | null) => {
        entries.splice(++at, entries.length, String(url));
      },
      replaceState: (_: unknown, __: string, url?: string | URL | null) => {
        entries[at] = String(url);
      },
    },
    addEventListener: (_: 'popstate', listener: () => void) => void listeners.push(listener),
  };
  const step = (by: number) => {
    at += by;
    for (const listener of listeners) listener();
  };
  return { host, entries, step };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('createAddressStore', () => {
  it('starts with what the address says', () => {
    const { host } = createHost('?repo=a/b&view=tensors&layer=2');
    expect(createAddressStore(host).getState().address).toMatchObject({ repo: 'a/b', view: 'tensors', layer: 2 });
  });

  it('makes a step that Back undoes', () => {
    const { host, entries, step } = createHost('?repo=a/b');
    const store = createAddressStore(host);
    store.getState().go({ view: 'tensors' });
    expect(entries).toEqual(['?repo=a/b', '?repo=a/b&view=tensors']);
    step(-1);
    expect(store.getState().address.view).toBe('map');
    step(1);
    expect(store.getState().address.view).toBe('tensors');
  });

  it('moves at once and writes once, on the same step', () => {
    const { host, entries } = createHost('?repo=a/b');
    const store = createAddressStore(host);
    for (let layer = 0; layer < 300; layer += 1) store.getState().move({ layer });
    expect(store.getState().address.layer).toBe(299);
    expect(entries).toEqual(['?repo=a/b']);
    vi.advanceTimersByTime(200);
    expect(entries).toEqual(['?repo=a/b&layer=299']);
  });

  it('writes a move down before a step, and drops it when Back comes first', () => {
    const { host, entries, step } = createHost('');
    const store = createAddressStore(host);
    store.getState().go({ repo: 'a/b' });
    store.getState().move({ layer: 1 });
    store.getState().go({ view: 'convert' });
    expect(entries).toEqual(['', '?repo=a/b&layer=1', '?repo=a/b&view=convert&layer=1']);
    store.getState().move({ layer: 5 });
    step(-1);
    vi.advanceTimersByTime(200);
    expect(entries[1]).toBe('?repo=a/b&layer=1');
    expect(store.getState().address.layer).toBe(1);
  });

  it('fills in a remembered look once, and writes it', () => {
    const { host, entries, step } = createHost('?repo=a/b');
    const remembered = { ...PLAIN_LOOK, colour: 'dtype', theme: 'dark' } as const;
    const store = createAddressStore(host, remembered);
    expect(store.getState().address.look).toEqual(remembered);
    vi.advanceTimersByTime(200);
    expect(entries).toEqual(['?repo=a/b&theme=dark&colour=dtype']);
    store.getState().go({ look: { ...remembered, colour: 'layout' } });
    expect(entries.at(-1)).toBe('?repo=a/b&theme=dark');
    step(-1);
    step(1);
    expect(store.getState().address.look.colour).toBe('layout');
  });

  it('leaves an address as it is that says all that is remembered', () => {
    const { host, entries } = createHost('?shape=table&nonsense=1');
    createAddressStore(host, { ...PLAIN_LOOK, shape: 'table' });
    vi.advanceTimersByTime(200);
    expect(entries).toEqual(['?shape=table&nonsense=1']);
  });

  it('writes a move once it has settled, not in the middle of it', () => {
    const { host, entries } = createHost('?repo=a/b');
    const store = createAddressStore(host);
    for (let layer = 1; layer < 20; layer += 1) {
      store.getState().move({ layer });
      vi.advanceTimersByTime(100);
    }
    expect(entries).toEqual(['?repo=a/b']);
    vi.advanceTimersByTime(200);
    expect(entries).toEqual(['?repo=a/b&layer=19']);
  });

  it('makes no step to where it is, and goes home without a question mark', () => {
    const { host, entries } = createHost('?repo=a/b');
    const store = createAddressStore(host);
    store.getState().go({ repo: 'a/b' });
    store.getState().go({ repo: null });
    expect(entries).toEqual(['?repo=a/b', '/app/']);
  });
});
