import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { inspectWorker, useInspection } from '../../../state/inspection.ts';
import { type MemorySetup, modelNameOf, type ProgramId } from './memory-format.ts';
import { formatSetup } from './setup-address.ts';

function useOpenKey(): string | null {
  return useInspection((state) => (state.status === 'open' ? state.key : null));
}

/** What a set-up comes to; the answer before stays until it is there. */
export function useMemory(setup: MemorySetup | null) {
  const key = useOpenKey();
  const result = useQuery({
    queryKey: ['memory', key, setup && formatSetup(setup)],
    queryFn: () => inspectWorker().memory(setup ?? {}),
    enabled: key !== null && setup !== null,
    placeholderData: keepPreviousData,
    retry: false,
  });
  return { answer: setup === null ? null : (result.data ?? null), error: result.error };
}

/** Verdicts over expert parallelism and GPUs. */
export function useFitGrid(setup: MemorySetup) {
  const key = useOpenKey();
  const { data } = useQuery({
    queryKey: ['memory grid', key, formatSetup({ ...setup, gpus: undefined, dp: undefined, ep: undefined })],
    queryFn: () => inspectWorker().memoryGrid(setup),
    enabled: key !== null,
    placeholderData: keepPreviousData,
    retry: false,
  });
  return data ?? null;
}

/** One program's configuration for a set-up. */
export function useConfig(kind: ProgramId, setup: MemorySetup) {
  const key = useOpenKey();
  const hub = useInspection((state) => state.hub);
  const model = modelNameOf(hub?.repo ?? null);
  const { data } = useQuery({
    queryKey: ['memory config', key, kind, model, formatSetup(setup)],
    queryFn: () => inspectWorker().memoryConfig(kind, setup, model),
    enabled: key !== null,
    placeholderData: keepPreviousData,
    retry: false,
  });
  return data ?? null;
}

/** The model card's rows, where the open model is the card's. */
export function useCardRows() {
  const key = useOpenKey();
  const { data } = useQuery({
    queryKey: ['memory card', key],
    queryFn: () => inspectWorker().memoryCard(),
    enabled: key !== null,
    retry: false,
  });
  return data ?? [];
}
