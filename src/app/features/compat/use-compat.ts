import { useQuery } from '@tanstack/react-query';
import type { CompatApi } from '../../../../workers/compat/protocol.ts';
import type { Supervised } from '../../../../workers/link/supervise.ts';
import { startCompatWorker } from '../../workers/compat.ts';

let running: Supervised<CompatApi> | null = null;

/** One worker for all pages; another one where it has died. */
function worker(): Supervised<CompatApi>['call'] {
  if (running === null || running.death() !== null) running = startCompatWorker();
  return running.call;
}

/** All model types that there is a page for. */
export function useCompatTypes() {
  return useQuery({ queryKey: ['compat-types'], queryFn: () => worker().types() });
}

/** The page of a model type; its data is null where the type is not known. */
export function useCompatPage(modelType: string) {
  return useQuery({ queryKey: ['compat', modelType], queryFn: () => worker().page(modelType) });
}
