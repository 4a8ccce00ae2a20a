import type { LoadVerdict } from '../../../../workers/inspect/protocol.ts';
import { type ExpertMap, rowOfLayer, visible } from '../../../core/index.ts';
import { nameOf } from '../../grid/describe.ts';
import { SAMPLES } from '../../sources/samples.ts';
import { VIEW_NAMES, VIEWS, type View } from '../../state/address.ts';
import { addressStore, go } from '../../state/address-store.ts';
import { openDialog } from '../../state/dialog.ts';
import { EMPTY } from '../../state/follow-address.ts';
import { ALL_TYPES, showCompat } from '../../state/page-links.ts';
import type { Command } from '../../state/seen/commands.ts';
import { THEMES, type Theme } from '../../state/seen/look.ts';
import { NO_PLACE } from '../../state/seen/place.ts';
import type { Recent } from '../../state/seen/recents.ts';
import { chooseLook } from '../../state/seen/use-look.ts';
import { ALL_TENSORS } from '../../state/tensor-address.ts';
import { parseCell } from './cell.ts';

/** Something that can be found and chosen. */
export interface Entry {
  /** What the text that was typed is compared with. */
  readonly title: string;
  readonly note: string;
  readonly run: () => void;
}

const THEME_TITLES: Readonly<Record<Theme, string>> = {
  system: 'Use the theme of the system',
  light: 'Use the light theme',
  dark: 'Use the dark theme',
};

/** Views that show cells; from every other view, the map opens. */
const WITH_CELLS: readonly View[] = ['map', 'tensors', 'ranks', 'compare'];

/** The layer or the expert that was typed. Where it does not exist, the entry says which ones do, and leads to nothing. */
export function cellEntry(
  typed: string,
  map: ExpertMap | null,
): { readonly entry: Entry | null; readonly problem: string | null } {
  const cell = parseCell(typed);
  if (!cell || !map) return { entry: null, problem: null };
  const row = rowOfLayer(map.rows, cell.layer);
  const facts = map.rows[row];
  if (!facts) return { entry: null, problem: `This model has no layer ${cell.layer}.` };
  const experts = facts.experts ?? 0;
  if (cell.expert !== null && cell.expert >= experts) {
    const has = experts === 0 ? 'no routed experts' : `experts 0 to ${experts - 1}`;
    return { entry: null, problem: `Layer ${cell.layer} has ${has}.` };
  }
  const title = cell.expert === null ? nameOf(facts) : `${nameOf(facts)}, expert ${cell.expert}`;
  const { view, place } = addressStore.getState().address;
  const to = WITH_CELLS.includes(view) ? view : 'map';
  // If the address names no place, a view opens at the chosen cell.
  const start = { at: null, stripAt: null, strip: null, ranksAt: null, rankListAt: null, pairAt: null, pairsAt: null };
  const run = () =>
    go({ view: to, layer: cell.layer, expert: cell.expert, place: { ...place, ...start, beside: null } });
  return { entry: { title, note: `in ${VIEW_NAMES[to]}`, run }, problem: null };
}

/** All views, the one in sight left out. */
export function viewEntries(): Entry[] {
  const { view } = addressStore.getState().address;
  return VIEWS.filter((each) => each !== view).map((each) => ({
    title: VIEW_NAMES[each],
    note: '',
    run: () => go({ view: each }),
  }));
}

/** What can be done: in every view, and by the view in sight. */
export function commandEntries(offered: readonly Command[]): Entry[] {
  const { theme } = addressStore.getState().address.look;
  return [
    ...offered.map(({ title, run }) => ({ title, note: '', run })),
    ...THEMES.filter((each) => each !== theme).map((each) => ({
      title: THEME_TITLES[each],
      note: '',
      run: () => chooseLook({ theme: each }),
    })),
    { title: 'Which layout loads where', note: 'all model types', run: () => showCompat(ALL_TYPES) },
    { title: 'Show all keys', note: '?', run: () => openDialog('keys') },
    ...SAMPLES.map(({ id, name, facts }) => ({
      title: `Open the sample ${name}`,
      note: facts,
      run: () => go({ ...EMPTY, sample: id, view: 'map' }),
    })),
  ];
}

/** Programs whose verdict is known, each leading to its row in Loads in. */
export function programEntries(verdicts: readonly Pick<LoadVerdict, 'id' | 'title'>[]): Entry[] {
  return verdicts.map(({ id, title }) => ({
    title,
    note: 'in Loads in',
    run: () => go({ view: 'loads', program: id }),
  }));
}

/** Repos that were opened before. */
export function recentEntries(recents: readonly Recent[]): Entry[] {
  return recents.map((recent) => ({
    title: visible(
      `${recent.repo}${recent.revision === null ? '' : `@${recent.revision}`}${recent.path === null ? '' : `/${recent.path}`}`,
    ),
    note: recent.endpoint === null ? '' : visible(new URL(recent.endpoint).host),
    run: () => go({ ...EMPTY, ...recent, place: NO_PLACE }),
  }));
}

/** Tensors by name, each opening its details. */
export function tensorEntries(names: readonly string[]): Entry[] {
  return names.map((name) => ({
    title: name,
    note: '',
    run: () => go({ view: 'tensors', tensors: { ...ALL_TENSORS, chosen: name } }),
  }));
}
