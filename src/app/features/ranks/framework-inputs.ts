import type { FrameworkId } from '../../../core/index.ts';

/** Sizes of parallel groups that the address names beside `ep`. */
export type DegreeName = 'tp' | 'pp' | 'cp' | 'dp' | 'etp';

/** What a framework calls its sizes; sizes that it does not have are left out. */
type Inputs = Readonly<Partial<Record<DegreeName, string>>>;

const FLAT: Inputs = { pp: 'Pipeline', dp: 'Data' };
const VLLM: Inputs = { tp: 'Tensor', pp: 'Pipeline', cp: 'Prefill context', dp: 'Data' };

/** The sizes that each framework takes, with the words of its own documents. */
export const INPUTS: Readonly<Record<FrameworkId, Inputs>> = {
  'transformers-5': { pp: 'Pipeline', dp: 'FSDP' },
  'transformers-4.57': { dp: 'Data' },
  torchtitan: { tp: 'Tensor', pp: 'Pipeline', cp: 'Context', dp: 'Data, sharded' },
  'megatron-core': { tp: 'Tensor', pp: 'Pipeline', cp: 'Context', dp: 'Data', etp: 'Tensor, inside experts,' },
  'deepspeed-moe': { dp: 'Data (world)' },
  vllm: VLLM,
  'vllm-before-21497': VLLM,
  sglang: { tp: 'Tensor', pp: 'Pipeline' },
  eplb: FLAT,
  custom: FLAT,
};

/** Sizes that a framework works out from the others when they are not given. */
export const INFERRED: Readonly<Partial<Record<FrameworkId, readonly DegreeName[]>>> = {
  torchtitan: ['dp'],
  'megatron-core': ['dp', 'etp'],
  'deepspeed-moe': ['dp'],
  vllm: ['tp', 'dp'],
  'vllm-before-21497': ['tp', 'dp'],
  sglang: ['tp'],
};

/** How a way to deal experts is called on screen. */
export const STRATEGIES = {
  linear: 'Linear blocks',
  'round-robin': 'Round-robin',
  'ep-aware': 'EP-aware redundancy',
  hierarchical: 'EPLB, by node',
  global: 'EPLB, global',
  custom: 'A map of your own',
} as const;
