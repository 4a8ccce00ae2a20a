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
  /** Ids of the programs that the reader uses, in the order of pinning; who shows them checks that they exist. */
  readonly pinned: readonly string[];
  readonly set: (patch: Partial<Omit<Choices, 'set'>>) => void;
}

/** More pins than this were not set by hand. */
const MOST_PINS = 32;
const PROGRAM_ID = /^[a-z0-9][a-z0-9.-]{0,63}$/;

/** The choices, kept in this browser; stored values are checked, and a value that is not valid is replaced by its default. */
export const useChoices = create<Choices>()(
  persist(
    (set) => ({
      theme: 'system',
      colour: 'layout',
      shape: 'grid',
      layerShown: true,
      pinned: [],
      set: (patch) => set(patch),
    }),
    {
      name: 'moe-loom-choices',
      partialize: ({ set: _, ...chosen }) => chosen,
      merge: (stored, current) => ({ ...current, ...checked(stored) }),
    },
  ),
);

/** Ids of programs as they were stored; what is no id is left out. */
export function pinnedOf(stored: unknown): readonly string[] {
  if (!Array.isArray(stored)) return [];
  const ids = stored.filter((id): id is string => typeof id === 'string' && PROGRAM_ID.test(id));
  return [...new Set(ids)].slice(0, MOST_PINS);
}

/** Pins a program at the end, or unpins it. */
export function togglePin(id: string): void {
  const { pinned, set } = useChoices.getState();
  set({ pinned: pinned.includes(id) ? pinned.filter((each) => each !== id) : pinnedOf([...pinned, id]) });
}

function checked(stored: unknown): Partial<Choices> {
  const value = (typeof stored === 'object' && stored !== null ? stored : {}) as Record<string, unknown>;
  const theme = THEMES.find((known) => known === value.theme);
  const colour = COLOURS.find((known) => known === value.colour);
  const shape = SHAPES.find((known) => known === value.shape);
  const layerShown = typeof value.layerShown === 'boolean' ? { layerShown: value.layerShown } : {};
  const pinned = pinnedOf(value.pinned);
  return {
    ...layerShown,
    pinned,
    ...(theme ? { theme } : {}),
    ...(colour ? { colour } : {}),
    ...(shape ? { shape } : {}),
  };
}
