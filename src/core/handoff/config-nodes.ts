import { NODE_GPUS } from '../ranks/memory/constants.ts';

/** Machines of a run, and GPUs of each. */
export function nodes(gpus: number): { readonly machines: number; readonly each: number } {
  return { machines: Math.ceil(gpus / NODE_GPUS), each: Math.min(gpus, NODE_GPUS) };
}
