import { keepPreviousData, notifyManager, QueryClient, useQuery } from '@tanstack/react-query';
import type { DrawnLayerName } from '../../../workers/inspect/layer-flow.ts';
import type { LayerPictures } from '../../../workers/inspect/layer-pictures.ts';
import type { NameKind } from '../../../workers/inspect/protocol.ts';
import type {
  OpenNodes,
  PlanOptions,
  ProgramId,
  Target,
  TensorAnswer,
  TensorGlance,
  TensorQuery,
} from '../../core/index.ts';
import { inspectWorker, useInspection } from '../state/inspection.ts';

/** Answers of the worker never grow old: their keys hold the commit, or the opening of local files. It answers offline too. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: { staleTime: Number.POSITIVE_INFINITY, retry: false, throwOnError: false, networkMode: 'always' },
  },
});

// Answers are told of at once: the usual timer costs each keystroke of a search a few milliseconds.
notifyManager.setScheduler(queueMicrotask);

/** The open checkpoint's key, null until it can be asked. */
export function useOpenKey(): string | null {
  return useInspection((state) => (state.status === 'open' ? state.key : null));
}

/** What a cell of the map holds. */
export function useCell(row: number | null, expert: number | null) {
  const key = useOpenKey();
  return useQuery({
    queryKey: ['cell', key, row, expert],
    queryFn: () => inspectWorker().cell(row ?? 0, expert ?? 0),
    enabled: key !== null && row !== null && expert !== null,
    placeholderData: keepPreviousData,
    gcTime: 30_000,
  });
}

/** The layer of a row of the map, drawn: until the worker answers, as it was drawn while the checkpoint was opened. */
export function useLayerPictures(row: number | null) {
  const key = useOpenKey();
  const drawn = useInspection((state) => state.drawn);
  return useQuery({
    queryKey: ['layer-pictures', key, row],
    queryFn: () => inspectWorker().layerPictures(row ?? 0),
    enabled: key !== null && row !== null,
    placeholderData: (before: LayerPictures | null | undefined) => (drawn?.row === row ? drawn : before),
    gcTime: 30_000,
  });
}

/** Where every tensor lies in its file. */
export function useFileStrips() {
  const key = useOpenKey();
  return useQuery({ ...fileStripsOf(key), enabled: key !== null });
}

/** Asks for the strips of all files before a reader does. */
export function askForFileStrips(): void {
  const state = useInspection.getState();
  if (state.status === 'open') void queryClient.prefetchQuery(fileStripsOf(state.key));
}

function fileStripsOf(key: string | null) {
  return { queryKey: ['file-strips', key], queryFn: () => inspectWorker().fileStrips(), gcTime: 30_000 };
}

/** The tensor at a place of the strips. */
export function useStripTensor(at: number | null) {
  const key = useOpenKey();
  return useQuery({
    queryKey: ['strip-tensor', key, at],
    queryFn: () => inspectWorker().stripTensor(at ?? 0),
    enabled: key !== null && at !== null,
    placeholderData: keepPreviousData,
    gcTime: 30_000,
  });
}

/** Reads of all experts of the model. */
export function useModelReads() {
  const key = useOpenKey();
  return useQuery({
    queryKey: ['model-reads', key],
    queryFn: () => inspectWorker().modelReads(),
    enabled: key !== null,
    gcTime: 30_000,
  });
}

/** What an order does with a layer, drawn; null for none. */
export function useFlow(target: Target, options: PlanOptions, layer: DrawnLayerName | null) {
  const key = useOpenKey();
  return useQuery({
    queryKey: ['flow', key, target, options, layer],
    queryFn: () => inspectWorker().flow(target, options, layer ?? { prefix: '', width: 0 }),
    enabled: key !== null && layer !== null,
    placeholderData: keepPreviousData,
    gcTime: 30_000,
  });
}

/** Number and id of the tensors that a search finds, with its first rows; nothing is asked until it is `wanted`. */
export function useTensorAnswer(query: TensorQuery, wanted = true) {
  const key = useOpenKey();
  return useQuery({ ...tensorAnswer(key, query), enabled: wanted && key !== null, placeholderData: keepPreviousData });
}

/** The page numbers the answers, and sends the worker the numbers of those that it found itself. */
let answers = 0;

/**
 * Answers a search before the page is rendered that shows it: at once where there is a glance that can, else the worker is
 * asked and works while the page is rendered.
 */
export function askAhead(query: TensorQuery, glance: TensorGlance | null): void {
  const state = useInspection.getState();
  if (state.status !== 'open') return;
  const asked = tensorAnswer(state.key, query);
  const isKnown = queryClient.getQueryData(asked.queryKey) !== undefined;
  const found = isKnown || glance === null ? null : glance(query, answers + 1);
  if (found === null) return void queryClient.prefetchQuery(asked);
  answers += 1;
  void queryClient.prefetchQuery({ ...asked, initialData: found });
  inspectWorker().noteQuery(query, found.id).catch(ignore);
}

/** A worker that has ended tells so itself. */
function ignore(): void {}

function tensorAnswer(key: string | null, query: TensorQuery) {
  return {
    queryKey: ['tensors', key, query],
    queryFn: () => {
      answers += 1;
      return inspectWorker().queryTensors(query, answers);
    },
    // The worker keeps few answers: one that was left is asked for again.
    gcTime: 0,
  };
}

/** One page of a search's rows, none for null; the first comes with the answer. */
export function useTensorPage({ id, count, first }: TensorAnswer, page: number | null, size: number) {
  const key = useOpenKey();
  const known = page === 0 && first.length >= Math.min(size, count) ? first : undefined;
  return useQuery({
    queryKey: ['tensor page', key, id, page],
    queryFn: () => inspectWorker().tensorRows(id, (page ?? 0) * size, ((page ?? 0) + 1) * size),
    enabled: key !== null && page !== null && page * size < count && known === undefined,
    ...(known ? { initialData: known } : {}),
    gcTime: 10_000,
  });
}

/** One page of the nodes in sight of a search's tree, none for null. */
export function useTreePage({ id }: TensorAnswer, open: OpenNodes, page: number | null, size: number) {
  const key = useOpenKey();
  return useQuery({
    queryKey: ['tree page', key, id, open, page],
    queryFn: () => inspectWorker().treePage({ id, open, from: (page ?? 0) * size, to: ((page ?? 0) + 1) * size }),
    enabled: key !== null && page !== null,
    placeholderData: keepPreviousData,
    gcTime: 10_000,
  });
}

/** What the tensors can be filtered by. */
export function useTensorFacets() {
  const key = useOpenKey();
  return useQuery({
    queryKey: ['tensor facets', key],
    queryFn: () => inspectWorker().tensorFacets(),
    enabled: key !== null,
    gcTime: 60_000,
  });
}

/** The parameters of the open checkpoint. */
export function useParameters() {
  const key = useOpenKey();
  return useQuery({
    queryKey: ['parameters', key],
    queryFn: () => inspectWorker().parameters(),
    enabled: key !== null,
    gcTime: 60_000,
  });
}

/** One tensor by its name; null when there is none of that name. */
export function useTensor(name: string) {
  const key = useOpenKey();
  return useQuery({
    queryKey: ['tensor', key, name],
    queryFn: () => inspectWorker().tensor(name),
    enabled: key !== null,
    gcTime: 30_000,
  });
}

/** The first and last values of a tensor. */
export function usePreview(name: string) {
  const key = useOpenKey();
  return useQuery({
    queryKey: ['preview', key, name],
    queryFn: ({ signal }) => inspectWorker().previewTensor(name, signal),
    enabled: key !== null,
    gcTime: 60_000,
  });
}

/** What each program does with the open checkpoint. */
export function useLoads() {
  const key = useOpenKey();
  return useQuery({
    queryKey: ['loads', key],
    queryFn: () => inspectWorker().loads(),
    enabled: key !== null,
    gcTime: 60_000,
  });
}

/** A whole list of names of one verdict, once it is wanted. */
export function useLoadNames(consumer: ProgramId, kind: NameKind, wanted: boolean) {
  const key = useOpenKey();
  return useQuery({
    queryKey: ['load names', key, consumer, kind],
    queryFn: () => inspectWorker().loadNames(consumer, kind),
    enabled: key !== null && wanted,
    gcTime: 30_000,
  });
}

/** What each program will do with a plan's output, once the plan itself has been made; null where it is refused. */
export function usePlanLoads(target: Target, options: PlanOptions) {
  const key = useOpenKey();
  return useQuery({ ...planLoadsQuery(key, target, options), enabled: key !== null });
}

/** The query behind {@link usePlanLoads}. Sizes of shards decide no verdict and are left out of its key. */
export function planLoadsQuery(key: string | null, target: Target, { maxShardBytes: _, ...options }: PlanOptions) {
  return {
    queryKey: ['plan loads', key, target, options],
    queryFn: () => inspectWorker().planLoads(target, options),
    // Convert asks about one layout after another and needs all answers.
    gcTime: 600_000,
  };
}
