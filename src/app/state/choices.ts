import { create } from 'zustand';
import { persist } from 'zustand/middleware';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];
export const COLOURS = ['shard', 'dtype', 'bytes'] as const;
export type Colour = (typeof COLOURS)[number];
export const SHAPES = ['grid', 'table'] as const;
export type MapShape = (typeof SHAPES)[number];

/** What a person chose on this machine; nothing here belongs to a checkpoint. */
export interface Choices {
  readonly theme: Theme;
  readonly colour: Colour;
  readonly shape: MapShape;
  readonly set: (patch: Partial<Pick<Choices, 'theme' | 'colour' | 'shape'>>) => void;
}

/** The choices, kept in this browser; values that an older version left are replaced by the usual ones. */
export const useChoices = create<Choices>()(
  persist((set) => ({ theme: 'system', colour: 'shard', shape: 'grid', set: (patch) => set(patch) }), {
    name: 'moe-loom-choices',
    partialize: ({ theme, colour, shape }) => ({ theme, colour, shape }),
    merge: (stored, current) => ({ ...current, ...checked(stored) }),
  }),
);

function checked(stored: unknown): Partial<Choices> {
  const value = (typeof stored === 'object' && stored !== null ? stored : {}) as Record<string, unknown>;
  const theme = THEMES.find((known) => known === value.theme);
  const colour = COLOURS.find((known) => known === value.colour);
  const shape = SHAPES.find((known) => known === value.shape);
  return { ...(theme ? { theme } : {}), ...(colour ? { colour } : {}), ...(shape ? { shape } : {}) };
}
