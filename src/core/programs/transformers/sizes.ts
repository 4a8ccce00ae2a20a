import type { ConfigSizes } from '../../ranks/types.ts';

/**
 * What `DistributedConfig` of transformers 5.18 calls its sizes: expert parallelism is the `tp` axis. Placement, configuration
 * and the assertion script read the names here alone; a version with a size of its own for experts (huggingface/transformers
 * #48792 proposes `ep_size`) changes them here.
 */
export const CONFIG_SIZES: ConfigSizes = { ep: 'tp_size', dp: 'fsdp_size', pp: 'pp_size' };
