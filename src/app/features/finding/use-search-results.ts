import { useEffect, useMemo, useState } from 'react';
import { plural } from '../../../core/index.ts';
import { useLoads, useTensorAnswer } from '../../queries/queries.ts';
import { useInspection } from '../../state/inspection.ts';
import { useCommands } from '../../state/seen/commands.ts';
import { useRecents } from '../../state/seen/recents.ts';
import {
  cellEntry,
  commandEntries,
  type Entry,
  programEntries,
  recentEntries,
  tensorEntries,
  viewEntries,
} from './entries.ts';
import { distanceOf, ranked } from './rank.ts';

/** Entries of one kind. */
export interface ResultGroup {
  readonly title: string;
  readonly entries: readonly Entry[];
}

/** The kind of entries whose titles are names of tensors. */
export const TENSORS = 'Tensors';
/** At most this many entries of one kind are listed. */
const LISTED = 8;
/** Time without typing before tensors are searched, in ms. */
const REST_MS = 120;
const NO_FILTER = { roles: [], dtypes: [], layers: [], experts: [], shards: [] };

/** Results for the typed text, grouped by kind; kinds without results are left out. */
export function useSearchResults(typed: string): {
  readonly found: readonly ResultGroup[];
  readonly notes: readonly string[];
} {
  const map = useInspection((state) => state.map);
  const isOpen = useInspection((state) => state.status === 'open');
  const offered = useCommands((state) => state.commands);
  const recents = useRecents((state) => state.recents);
  const { data: verdicts } = useLoads();
  const tensors = useTensors(typed);
  return useMemo(() => {
    const cell = cellEntry(typed, map);
    const commands = commandEntries([...offered.values()].flat());
    const rest: readonly ResultGroup[] = [
      { title: 'Views', entries: ranked(viewEntries(), typed) },
      { title: 'Commands', entries: ranked(commands, typed) },
      { title: 'Programs', entries: typed.trim() === '' ? [] : ranked(programEntries(verdicts ?? []), typed) },
      { title: 'Recent models', entries: ranked(recentEntries(recents), typed) },
    ];
    const found = [
      { title: 'Layers and experts', entries: cell.entry ? [cell.entry] : [] },
      ...rest,
      { title: TENSORS, entries: tensorEntries(tensors.names) },
    ]
      .filter(({ entries }) => entries.length > 0)
      .map(({ title, entries }) => ({ title, entries: entries.slice(0, LISTED) }));
    if (typed.trim() !== '' && !cell.entry) {
      const distance = (kind: ResultGroup) =>
        distanceOf(
          kind.entries.map(({ title }) => title),
          typed,
        );
      found.sort((a, b) => distance(a) - distance(b));
    }
    const more = tensors.count > LISTED ? [`${plural(tensors.count, 'tensor')} found. Type more to narrow them.`] : [];
    const problem = cell.problem === null ? [] : [cell.problem];
    if (tensors.isSearching) return { found, notes: [...problem, 'Searching tensors …'] };
    const none = found.length === 0 && cell.problem === null ? [nothing(isOpen)] : [];
    return { found, notes: [...problem, ...none, ...more] };
  }, [typed, map, isOpen, offered, recents, verdicts, tensors]);
}

function nothing(isOpen: boolean): string {
  return isOpen
    ? 'Nothing has this name. Type part of a tensor’s name, a view, a program, or a layer and an expert such as L3 E7.'
    : 'Nothing has this name. Open a model first to find its layers, experts and tensors.';
}

interface TensorResults {
  readonly names: readonly string[];
  readonly count: number;
  readonly isSearching: boolean;
}

/** Names of matching tensors, searched as in the Tensors view; none for a text of one character. */
function useTensors(typed: string): TensorResults {
  const isOpen = useInspection((state) => state.status === 'open');
  const [text, setText] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setText(typed.trim()), REST_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const wanted = typed.trim().length > 1 && isOpen;
  const isAsked = wanted && text === typed.trim();
  const query = useMemo(
    () => ({ text, mode: 'substring', sort: 'name', descending: false, filter: NO_FILTER }) as const,
    [text],
  );
  const { data, isPlaceholderData, error } = useTensorAnswer(query, isAsked);
  return useMemo(() => {
    const isThere = isAsked && data !== undefined && !isPlaceholderData;
    const isSearching = wanted && !isThere && error === null;
    const names = isThere ? data.first.map(({ name }) => name) : [];
    return { names, count: isThere ? data.count : 0, isSearching };
  }, [wanted, isAsked, data, isPlaceholderData, error]);
}
