import { create } from 'zustand';
import { persist } from 'zustand/middleware';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];
/** What cells show: how an expert's matrices lie, the files they lie in, their dtype, their bytes, the rank that holds them. */
export const COLOURS = ['layout', 'shard', 'dtype', 'bytes', 'rank'] as const;
export type Colour = (typeof COLOURS)[number];
export const SHAPES = ['grid', 'files', 'table'] as const;
export type MapShape = (typeof SHAPES)[number];

/** What a person chose on this machine; nothing here belongs to a checkpoint. */
export interface Choices {
  readonly theme: Theme;
  readonly colour: Colour;
  readonly shape: MapShape;
  /** Whether the map draws a layer below its cells. */
  readonly layerShown: boolean;
  readonly set: (patch: Partial<Omit<Choices, 'set'>>) => void;
}

/** The choices, kept in this browser; values that an older version left are replaced by the usual ones. */
export const useChoices = create<Choices>()(
  persist(
    (set) => ({ theme: 'system', colour: 'layout', shape: 'grid', layerShown: true, set: (patch) => set(patch) }),
    {
      name: 'moe-loom-choices',
      partialize: ({ set: _, ...chosen }) => chosen,
      merge: (stored, current) => ({ ...current, ...checked(stored) }),
    },
  ),
);

function checked(stored: unknown): Partial<Choices> {
  const value = (typeof stored === 'object' && stored !== null ? stored : {}) as Record<string, unknown>;
  const theme = THEMES.find((known) => known === value.theme);
  const colour = COLOURS.find((known) => known === value.colour);
  const shape = SHAPES.find((known) => known === value.shape);
  const layerShown = typeof value.layerShown === 'boolean' ? { layerShown: value.layerShown } : {};
  return { ...layerShown, ...(theme ? { theme } : {}), ...(colour ? { colour } : {}), ...(shape ? { shape } : {}) };
}
