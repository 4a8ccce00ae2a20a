import type { Architecture } from '../architecture-row.ts';
import { block } from './blocks.ts';
import { numberOf } from './config-values.ts';
import { IN_MLP, loading } from './loading.ts';
import { longcatRouter } from './routers.ts';
import { type Row, remote, row } from './row.ts';

const LONGCAT: Row = {
  experts: ['n_routed_experts'],
  topK: ['moe_topk'],
  intermediate: ['expert_ffn_hidden_size'],
  mtp: 'stack',
};

/** Meituan’s models. */
export const LONGCAT_TYPES: readonly Architecture[] = [
  row('longcat_flash', {
    ...LONGCAT,
    // transformers 5.17 holds gate and up, but not down, for the experts without weights too
    memory: null,
    block: block(
      'LongcatFlashMoE',
      ({ config, topK }) => longcatRouter(config, topK),
      ({ config }) => ({ zeroExperts: numberOf(config, 'zero_expert_num', 256) }),
    ),
    loads: loading({
      converters: IN_MLP,
      ignored: ['model\\.mtp.*'],
      emptyExperts: 'zero_expert_num',
      layerKey: 'num_layers',
    }),
  }),
  remote('longcat_flash_ngram', { ...LONGCAT, source: 'ml-explore/mlx-lm, models/longcat_flash_ngram.py' }),
];
