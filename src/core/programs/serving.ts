import { ZERO_REGIME } from '../ranks/memory/regimes.ts';
import { even, type MemoryRules } from '../ranks/memory/rules.ts';

/** gpt-oss's own loaders deal whole MXFP4 blocks and pad what is missing: gpt_oss.py among the models of vLLM and of SGLang. */
export function dealsBlocks(method: string): boolean {
  return method === 'mxfp4';
}

/** What engines that serve have in common: weights as they are placed, nothing trained. */
export const SERVING = {
  serves: true,
  usual: { regime: ZERO_REGIME, least: 0, said: '' },
  dense: () => ({ dense: 'sharded', said: null }),
  cut: () => ({ dense: even, experts: even }),
  fetches: 'none',
  step: 'none',
  offloads: [],
  sequenceParallel: false,
  lossInPlace: false,
  sharedBatch: false,
  changes: { data: 'dp', context: false, shardDense: false },
} as const satisfies Partial<MemoryRules>;
