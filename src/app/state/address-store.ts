import { createStore, useStore } from 'zustand';
import { type Address, formatAddress, parseAddress, START } from './address.ts';

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

/** Binds a store to a window's address, both ways. */
export function createAddressStore(host: AddressWindow) {
  return createStore<AddressState>()((set, get) => {
    const write = (how: 'pushState' | 'replaceState', patch: Partial<Address>) => {
      const next = parseAddress(formatAddress({ ...get().address, ...patch }));
      const before = formatAddress(get().address);
      const search = formatAddress(next);
      if (search === before) return;
      host.history[how](null, '', search === '' ? host.location.pathname : search);
      set({ address: next });
    };
    host.addEventListener('popstate', () => set({ address: parseAddress(host.location.search) }));
    return {
      address: parseAddress(host.location.search),
      go: (patch) => write('pushState', patch),
      move: (patch) => write('replaceState', patch),
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

/** Everything about the checkpoint left behind: what a new source starts from. */
export const NO_SOURCE: Partial<Address> = { ...START, view: 'map' };

/** Steps that do not change with the address. */
export const go = addressStore.getState().go;
export const move = addressStore.getState().move;

/** The link that `go` with this patch would lead to. */
export function hrefOf(address: Address, patch: Partial<Address>): string {
  const search = formatAddress({ ...address, ...patch });
  return search === '' ? '?' : search;
}
