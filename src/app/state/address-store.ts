import { createStore, useStore } from 'zustand';
import { type Address, formatAddress, parseAddress } from './address.ts';

/** The part of `window` that the address lives in; a stand-in in tests. */
export interface AddressWindow {
  readonly location: { readonly search: string; readonly pathname: string };
  readonly history: Pick<History, 'pushState' | 'replaceState'>;
  addEventListener(type: 'popstate', listener: () => void): void;
}

/** The address as state: `go` makes a step that Back undoes, `move` changes the step one is on. */
export interface AddressState {
  readonly address: Address;
  readonly go: (patch: Partial<Address>) => void;
  readonly move: (patch: Partial<Address>) => void;
}

/** Browsers refuse more than about ten steps a second, and a held arrow key makes thirty: moves are written down late. */
const WRITE_MS = 150;

/** Binds a store to a window's address, both ways. */
export function createAddressStore(host: AddressWindow) {
  return createStore<AddressState>()((set, get) => {
    let timer: ReturnType<typeof setTimeout> | null = null;
    const write = (how: 'pushState' | 'replaceState') => {
      const search = formatAddress(get().address);
      host.history[how](null, '', search === '' ? host.location.pathname : search);
    };
    const settle = (keep: boolean) => {
      if (timer === null) return;
      clearTimeout(timer);
      timer = null;
      if (keep) write('replaceState');
    };
    const change = (patch: Partial<Address>): Address | null => {
      const before = get().address;
      const next = parseAddress(formatAddress({ ...before, ...patch }));
      return formatAddress(next) === formatAddress(before) ? null : next;
    };
    host.addEventListener('popstate', () => {
      settle(false);
      set({ address: parseAddress(host.location.search) });
    });
    return {
      address: parseAddress(host.location.search),
      go: (patch) => {
        const next = change(patch);
        settle(true);
        if (!next) return;
        set({ address: next });
        write('pushState');
      },
      move: (patch) => {
        const next = change(patch);
        if (!next) return;
        set({ address: next });
        timer ??= setTimeout(() => settle(true), WRITE_MS);
      },
    };
  });
}

const NOWHERE: AddressWindow = {
  location: { search: '', pathname: '/' },
  history: { pushState: () => {}, replaceState: () => {} },
  addEventListener: () => {},
};

/** The address of this page. */
export const addressStore = createAddressStore(typeof window === 'undefined' ? NOWHERE : window);

/** A part of the address; renders again only when that part changes. */
export function useAddress<T>(select: (address: Address) => T): T {
  return useStore(addressStore, (state) => select(state.address));
}

/** Steps that do not change with the address. */
export const go = addressStore.getState().go;
export const move = addressStore.getState().move;

/** The link that `go` with this patch would lead to. */
export function hrefOf(address: Address, patch: Partial<Address>): string {
  const search = formatAddress({ ...address, ...patch });
  return search === '' ? '?' : search;
}
