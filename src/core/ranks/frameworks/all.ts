import type { Framework, FrameworkId } from '../types.ts';
import { deepspeedMoe } from './deepspeed.ts';
import { megatronCore } from './megatron.ts';
import { custom, eplb } from './plain.ts';
import { sglang } from './sglang.ts';
import { torchtitan } from './torchtitan.ts';
import { transformers5, transformers457 } from './transformers.ts';
import { vllm, vllmBefore } from './vllm.ts';

/** Every framework whose rules are known, in the order in which they are offered. Adding one: docs/add-a-framework.md. */
export const FRAMEWORKS: readonly Framework[] = [
  transformers5,
  transformers457,
  torchtitan,
  megatronCore,
  deepspeedMoe,
  vllm,
  vllmBefore,
  sglang,
  eplb,
  custom,
];

const BY_ID: ReadonlyMap<string, Framework> = new Map(FRAMEWORKS.map((framework) => [framework.id, framework]));

export function isFrameworkId(text: string): text is FrameworkId {
  return BY_ID.has(text);
}

/** The framework of an id; undefined for text that is none. */
export function frameworkOf(id: string): Framework | undefined {
  return BY_ID.get(id);
}
