import type { Architecture } from '../architecture-row.ts';
import type { Inner } from './block.ts';
import { block, softmax } from './blocks.ts';
import { numberOf } from './config-values.ts';
import { BY_GATE } from './ep-plan.ts';
import { BLOCK_SPARSE, IN_W123, loading, VISION } from './loading.ts';
import { sigmoidRouter } from './routers.ts';
import { LAYER_TYPES, MIXTRAL, remote, row, SEEN, V5 } from './row.ts';

const M3 = loading({
  renames: [{ from: '^language_model\\.model\\.', to: 'model.language_model.' }, ...BLOCK_SPARSE],
  converters: [
    ...IN_W123,
    { operation: 'join', sources: ['\\.gate_proj.weight', '\\.up_proj.weight'], target: '.gate_up_proj.weight' },
  ],
  ignored: ['(^|\\.)mtp\\..*'],
  stacks: VISION,
  run: false,
});

/** MiniMax’s models. */
export const MINIMAX_TYPES: readonly Architecture[] = [
  row('minimax', {
    ...MIXTRAL,
    block: block('MiniMaxSparseMoeBlock', softmax('always')),
    loads: loading({ renames: BLOCK_SPARSE, converters: IN_W123 }),
    ep: BY_GATE,
    ...SEEN,
  }),
  row('minimax_m2', {
    ...MIXTRAL,
    block: block('MiniMaxM2SparseMoeBlock', ({ topK }) => sigmoidRouter(topK, { epsilon: 0 })),
    loads: loading({ renames: BLOCK_SPARSE, converters: IN_W123 }),
    ep: BY_GATE,
    ...SEEN,
  }),
  ...(['minimax_m3_vl', 'minimax_m3_vl_text'] as const).map((type) =>
    row(type, {
      mtp: 'stack',
      ...MIXTRAL,
      intermediate: [],
      layers: [LAYER_TYPES],
      tails: [['e_score_correction_bias', 'gate.e_score_correction_bias']],
      prefixes: [
        ['language_model.model.', 'model.language_model.'],
        ['language_model.lm_head.', 'lm_head.'],
      ],
      block: block(
        'MiniMaxM3VLSparseMoeBlock',
        ({ topK }) => sigmoidRouter(topK, { epsilon: 0 }),
        ({ config }) => {
          const alpha = numberOf(config, 'swiglu_alpha', 1.702);
          const inner: Inner = { kind: 'oai', alpha, limit: numberOf(config, 'swiglu_limit', 7) };
          const routedScale = numberOf(config, 'routed_scaling_factor', 2);
          return { inner, sharedInner: inner, sharedRequired: true, routedScale };
        },
      ),
      loads: type === 'minimax_m3_vl' ? M3 : null,
      ep: BY_GATE,
      source: V5,
    }),
  ),
  remote(['minimax_text_01', 'minimax_m1'], { ...MIXTRAL, source: 'vLLM, minimax_text_01; llama.cpp, minimax-01' }),
];
