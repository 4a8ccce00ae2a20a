import { defineProgram } from '../program.ts';
import { megatronBridgeLoads } from './loads.ts';

/** NVIDIA Megatron-Core. */
export const megatronCore = defineProgram({
  id: 'megatron-core',
  title: 'Megatron-Core',
});

/** NVIDIA Megatron-Bridge, which converts Hub checkpoints for Megatron-Core. */
export const megatronBridge = defineProgram({
  id: 'megatron-bridge',
  title: 'Megatron-Bridge',
  loads: megatronBridgeLoads,
});
