import { createStore, useStore } from 'zustand';
import { type Address, formatAddress, parseAddress } from './address.ts';
import { useRememberedLook } from './remembered-look.ts';
import { type Look, PLAIN_LOOK } from './seen/look.ts';

/** The part of `window` that holds the address; tests have their own. */
export interface AddressWindow {
  readonly location: { readonly search: string; readonly pathname: string };
  readonly history: Pick<History, 'pushState' | 'replaceState'>;
  addEventListener(type: 'popstate', listener: () => void): void;
}

/** The address as state: `go` adds a step that Back undoes, `move` changes the current step. */
export interface AddressState {
  readonly address: Address;
  readonly go: (patch: Partial<Address>) => void;
  readonly move: (patch: Partial<Address>) => void;
}

/** Browsers refuse more than a few writes a second, and a held arrow key makes thirty: a move is written once it has settled. */
const WRITE_MS = 150;

/**
 * Binds a store to a window's address, both ways. `remembered` fills in the look where the first address says nothing of
 * it, and is then written; later addresses were written by this store and mean what they say.
 */
export function createAddressStore(host: AddressWindow, remembered: Look = PLAIN_LOOK) {
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
    const writeLate = () => {
      if (timer !== null) clearTimeout(timer);
      timer = setTimeout(() => settle(true), WRITE_MS);
    };
    host.addEventListener('popstate', () => {
      settle(false);
      set({ address: parseAddress(host.location.search) });
    });
    const first = parseAddress(host.location.search, remembered);
    if (formatAddress(first) !== formatAddress(parseAddress(host.location.search))) writeLate();
    return {
      address: first,
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
        writeLate();
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
export const addressStore = createAddressStore(
  typeof window === 'undefined' ? NOWHERE : window,
  useRememberedLook.getState(),
);

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
