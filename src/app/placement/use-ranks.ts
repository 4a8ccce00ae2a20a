import { keepPreviousData, useIsFetching, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import type { RankPicture, RankQuery } from '../../../workers/ranks/protocol.ts';
import {
  DEFAULT_RANK_PROGRAM,
  frameworkOf,
  isFrameworkId,
  isTarget,
  type ProgramId,
  type Strategy,
} from '../../core/index.ts';
import type { Address } from '../state/address.ts';
import { useAddress } from '../state/address-store.ts';
import { inspectWorker, useInspection } from '../state/inspection.ts';
import { ownOptions } from './own-options.ts';
import { useRankChoices } from './rank-choices.ts';

/** A pointer that rests this long on a rank or a cell is looked up. */
const REST_MS = 50;
/** Without any size in the address, the largest divisor up to a node's eight ranks is drawn. */
const NODE = 8;

/** The framework that the address names, else transformers 5. */
export function useFramework(): ProgramId {
  const named = useAddress((address) => address.framework);
  return named !== null && isFrameworkId(named) ? named : DEFAULT_RANK_PROGRAM;
}

/** What is asked of the worker: the address, and files that were given. */
export function useRankQuery(): RankQuery {
  const address = useAddress((all) => all);
  const framework = useFramework();
  const experts = useInspection((state) => state.summary?.experts ?? null);
  const loads = useRankChoices((state) => state.loads?.rows);
  const map = useRankChoices((state) => state.map?.rows);
  return useMemo(
    () => ({
      target: address.target !== null && isTarget(address.target) ? address.target : null,
      unpack: address.unpack,
      options: {
        framework,
        strategy: strategyOf(framework, address.placement),
        ...sizesOf(address, experts),
        redundant: address.redundant ?? undefined,
        nodes: address.nodes ?? undefined,
        groups: address.groups ?? undefined,
        all2all: address.all2all ?? undefined,
        own: ownOptions(framework, address.set),
        loads,
        map,
      },
    }),
    [address, framework, experts, loads, map],
  );
}

function sizesOf({ ep, tp, pp, cp, dp, etp }: Address, experts: number | null) {
  const free = ep === null && tp === null && dp === null && cp === null;
  return {
    ep: ep ?? (free ? usualEp(experts) : undefined),
    tp: tp ?? undefined,
    pp: pp ?? undefined,
    cp: cp ?? undefined,
    dp: dp ?? undefined,
    etp: etp ?? undefined,
  };
}

/** The largest divisor of the experts that a node has ranks for. */
export function usualEp(experts: number | null): number {
  for (let ep = NODE; ep > 1; ep--) if (experts !== null && experts % ep === 0) return ep;
  return 1;
}

function strategyOf(framework: ProgramId, placement: string | null): Strategy | undefined {
  return frameworkOf(framework)?.placement.strategies.find((strategy) => strategy === placement);
}

function useOpenKey(): string | null {
  return useInspection((state) => (state.status === 'open' ? state.key : null));
}

/** A picture with what was asked for it: what is drawn beside it asks for the same. */
export interface RankAnswer {
  readonly query: RankQuery;
  readonly picture: RankPicture;
}

/** Answers are small, and going back to one should cost nothing. */
const KEPT_MS = 300_000;

function pictureOptions(key: string | null, query: RankQuery) {
  return {
    queryKey: ['ranks', key, query],
    queryFn: async (): Promise<RankAnswer> => ({ query, picture: await inspectWorker().rankPicture(query) }),
    // Arrays of thousands of numbers are not worth comparing.
    structuralSharing: false,
    gcTime: KEPT_MS,
  } as const;
}

/** The picture of a placement; until it is there, the one before of the same checkpoint stays (then `current` is false). */
export function useRankAnswer(query: RankQuery) {
  const key = useOpenKey();
  const { data, error, isSuccess, isPlaceholderData } = useQuery({
    ...pictureOptions(key, query),
    enabled: key !== null,
    placeholderData: (before: RankAnswer | undefined, of) => (of?.queryKey[1] === key ? before : undefined),
  });
  return { answer: data ?? null, error, current: isSuccess && !isPlaceholderData };
}

/** More ranks than this make pictures too large to make before they are asked for. */
const LIMIT_AHEAD = 1024;

/** Makes the pictures of the other EP choices while nothing else is asked for, the nearest first: then a switch is instant. */
export function useNeighbours({ query, picture }: RankAnswer, current: boolean): void {
  const key = useOpenKey();
  const client = useQueryClient();
  const asked = useIsFetching({ predicate: ({ queryKey: [kind] }) => kind === 'rank files' || kind === 'rank' });
  const idle = current && asked === 0;
  useEffect(() => {
    const { placed, choices } = picture;
    if (!idle || key === null || !placed || placed.mesh.world > LIMIT_AHEAD) return;
    let wanted = true;
    const ahead = async () => {
      for (const ep of nearest(choices, placed.ep)) {
        if (!wanted) return;
        await client.prefetchQuery(pictureOptions(key, { ...query, options: { ...query.options, ep } }));
      }
    };
    void ahead();
    return () => {
      wanted = false;
    };
  }, [idle, key, client, query, picture]);
}

/** Choices that are not refused, by how many steps they are away. */
function nearest(choices: RankPicture['choices'], ep: number): number[] {
  const working = choices.filter((choice) => choice.error === null).map((choice) => choice.ep);
  const steps = (of: number) => Math.abs(working.indexOf(of) - working.indexOf(ep));
  return working.filter((each) => each !== ep && each <= LIMIT_AHEAD).sort((a, b) => steps(a) - steps(b));
}

/** Bytes of each file by rank, which take longer than the picture. */
export function useRankFiles(query: RankQuery) {
  const key = useOpenKey();
  const { data } = useQuery({
    queryKey: ['rank files', key, query],
    queryFn: ({ signal }) => inspectWorker().rankFiles(query, signal),
    enabled: key !== null,
    structuralSharing: false,
    gcTime: 60_000,
  });
  return data ?? null;
}

/** One rank in detail, as soon as it is looked at for a moment. */
export function useRankDetail(query: RankQuery, rank: number | null) {
  const key = useOpenKey();
  const resting = useResting(rank);
  const { data } = useQuery({
    queryKey: ['rank', key, query, resting],
    queryFn: () => inspectWorker().rankDetail(query, resting ?? 0),
    enabled: key !== null && resting !== null && resting === rank,
    structuralSharing: false,
    gcTime: 30_000,
  });
  return data && data.rank === rank ? data : null;
}

/** What one rank reads of one row, as soon as it is looked at for a moment; the one before stays until then. Null asks for nothing. */
export function useRankCut(query: RankQuery, asked: { rank: number; row: number; width: number } | null) {
  const key = useOpenKey();
  const [rank, row, width] = [asked?.rank ?? 0, asked?.row ?? 0, asked?.width ?? 0];
  const resting = useResting(useMemo(() => ({ rank, row, width }), [rank, row, width]));
  const { data } = useQuery({
    queryKey: ['rank cut', key, query, resting],
    queryFn: () => inspectWorker().rankCut(query, resting?.rank ?? 0, resting?.row ?? 0, resting?.width ?? 0),
    enabled: key !== null && asked !== null && resting !== null,
    placeholderData: keepPreviousData,
    structuralSharing: false,
    gcTime: 30_000,
  });
  return asked === null ? null : (data ?? null);
}

/** Who holds one expert of one layer. */
export function useRankCell(query: RankQuery, row: number | null, expert: number | null) {
  const key = useOpenKey();
  const cell = useMemo(() => (row === null || expert === null ? null : { row, expert }), [row, expert]);
  const resting = useResting(cell);
  const { data } = useQuery({
    queryKey: ['rank cell', key, query, resting],
    queryFn: () => inspectWorker().rankCell(query, resting?.row ?? 0, resting?.expert ?? 0),
    enabled: key !== null && resting !== null && resting === cell,
    gcTime: 10_000,
  });
  return data && data.row === row && data.expert === expert ? data : null;
}

function useResting<T>(value: T): T | null {
  const [resting, setResting] = useState<T | null>(null);
  useEffect(() => {
    const timer = setTimeout(() => setResting(value), REST_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return resting;
}
