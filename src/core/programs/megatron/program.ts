import { defineProgram } from '../program.ts';
import { configuration } from './configuration.ts';
import { megatronBridgeLoads } from './loads.ts';
import { memory } from './memory.ts';
import { placement } from './placement.ts';
import { megatronBridgePrediction } from './prediction.ts';

/** NVIDIA Megatron-Core. */
export const megatronCore = defineProgram({
  id: 'megatron-core',
  aliases: ['megatron'],
  title: 'Megatron-Core',
  use: 'specialised',
  placement,
  memory,
  configuration,
});

/** NVIDIA Megatron-Bridge, which converts Hub checkpoints for Megatron-Core. */
export const megatronBridge = defineProgram({
  id: 'megatron-bridge',
  title: 'Megatron-Bridge',
  use: 'specialised',
  repository: 'NVIDIA-NeMo/Megatron-Bridge',
  loads: megatronBridgeLoads,
  prediction: megatronBridgePrediction,
});
