import { accelerate, fsdp2, torchrun } from './accelerate/program.ts';
import { axolotl } from './axolotl/program.ts';
import { deepspeed, deepspeedMoe } from './deepspeed/program.ts';
import { deepspeedAutoep } from './deepspeed-autoep/program.ts';
import { custom, eplb } from './eplb/program.ts';
import { llamaCpp } from './llama-cpp/program.ts';
import { lmdeploy } from './lmdeploy/program.ts';
import { megatronBridge, megatronCore } from './megatron/program.ts';
import { mlx } from './mlx/program.ts';
import { nemoAutomodel } from './nemo-automodel/program.ts';
import { primeRl } from './prime-rl/program.ts';
import type { Program } from './program.ts';
import { qwen3MoeFused } from './qwen3-moe-fused/program.ts';
import { sglang } from './sglang/program.ts';
import { slimeRollout } from './slime/program.ts';
import { tensorrtLlm } from './tensorrt-llm/program.ts';
import { torchtitan } from './torchtitan/program.ts';
import { epPlan, transformers5 } from './transformers/program.ts';
import { forkQwen3MoeEp, transformers457 } from './transformers-4/program.ts';
import { trl } from './trl/program.ts';
import { veomni } from './veomni/program.ts';
import { verlRollout } from './verl/program.ts';
import { vllm, vllmBefore } from './vllm/program.ts';
import { vllmAscend } from './vllm-ascend/program.ts';

/** Every program that is known, in the order of every list: of loaders, of frameworks, of configurations. */
const LIST = [
  transformers5,
  trl,
  fsdp2,
  accelerate,
  torchrun,
  epPlan,
  transformers457,
  forkQwen3MoeEp,
  veomni,
  vllm,
  vllmBefore,
  vllmAscend,
  sglang,
  tensorrtLlm,
  lmdeploy,
  llamaCpp,
  mlx,
  megatronCore,
  megatronBridge,
  torchtitan,
  deepspeed,
  deepspeedMoe,
  deepspeedAutoep,
  nemoAutomodel,
  axolotl,
  primeRl,
  verlRollout,
  slimeRollout,
  qwen3MoeFused,
  eplb,
  custom,
] as const;

/** The id of a program: a contract of JSON, addresses and flags. */
export type ProgramId = (typeof LIST)[number]['id'];

export const PROGRAMS: readonly Program<ProgramId>[] = LIST;
export const PROGRAM_IDS: readonly ProgramId[] = LIST.map((program) => program.id);

const BY_ID: ReadonlyMap<string, Program<ProgramId>> = new Map(PROGRAMS.map((program) => [program.id, program]));

export function isProgramId(text: string): text is ProgramId {
  return BY_ID.has(text);
}

/** The program of an id; undefined for text that is none. */
export function programOf(id: string): Program<ProgramId> | undefined {
  return BY_ID.get(id);
}
