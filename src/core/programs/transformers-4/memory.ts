import type { MemoryRules } from '../../ranks/memory/rules.ts';
import { memory as fsdp2 } from '../accelerate/memory.ts';
import { peftLora457 } from '../peft/lora.ts';

/** The model card's set-up: the fork's expert parallelism folded over FSDP2, whatever else is asked for. */
export const memory: MemoryRules = {
  ...fsdp2,
  lora: peftLora457,
  version: '4.57.6, branch qwen3-moe-ep',
  source: 'aminediroHF/transformers, branch qwen3-moe-ep; the model card of aminediroHF/Qwen3-235B-A22B-fused',
  title: 'transformers 4.57 (the fork), FSDP2',
  fill: ({ world, dp, cp = 1, ep = 1, ...rest }) =>
    world === undefined && dp === undefined && cp === 1
      ? { ...rest, cp, ep, world: ep }
      : { ...rest, world, dp, cp, ep },
};
