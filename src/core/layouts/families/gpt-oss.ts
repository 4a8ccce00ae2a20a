import type { Architecture } from '../architecture-row.ts';
import { block, chosen, GPT_OSS_INNER } from './blocks.ts';
import { BY_ROUTER } from './ep-plan.ts';
import { loading } from './loading.ts';
import { topKThenSoftmax } from './routers.ts';
import { layout, row, SEEN, TRANSPOSED } from './row.ts';

/** OpenAI’s models. */
export const GPT_OSS_TYPES: readonly Architecture[] = [
  row('gpt_oss', {
    experts: ['num_local_experts'],
    disk: [layout('gate-up-interleaved', 'gpt-oss'), layout('gate-up-interleaved', 'gpt-oss-mxfp4')],
    memory: layout('gate-up-interleaved', 'gpt-oss'),
    intermediate: ['intermediate_size'],
    mlx: 'weight',
    block: block('GptOssMLP', chosen, () => ({ inner: GPT_OSS_INNER })),
    loads: loading({ biased: true }),
    ep: BY_ROUTER,
    ...SEEN,
  }),
  row('openai_privacy_filter', {
    experts: ['num_local_experts'],
    disk: [TRANSPOSED],
    memory: TRANSPOSED,
    intermediate: ['intermediate_size'],
    block: block(
      'OpenAIPrivacyFilterMLP',
      ({ topK }) => topKThenSoftmax(topK, 1 / topK),
      ({ topK }) => ({ inner: GPT_OSS_INNER, routedScale: topK }),
    ),
    loads: loading({ biased: true }),
    ep: BY_ROUTER,
    ...SEEN,
  }),
];
