import { create } from 'zustand';

interface AccessState {
  /** Tokens by the origin they were given for; a link that names another endpoint never gets them. */
  readonly tokens: Readonly<Record<string, string>>;
  readonly set: (endpoint: string, token: string) => void;
  readonly forget: (endpoint: string) => void;
}

/** Access tokens, in memory alone: gone with the page. */
export const useAccess = create<AccessState>()((set) => ({
  tokens: {},
  set: (endpoint, token) => set((state) => ({ tokens: { ...state.tokens, [endpoint]: token } })),
  forget: (endpoint) =>
    set((state) => ({ tokens: Object.fromEntries(Object.entries(state.tokens).filter(([key]) => key !== endpoint)) })),
}));
