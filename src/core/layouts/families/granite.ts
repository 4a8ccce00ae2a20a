import type { Architecture } from '../architecture-row.ts';
import { block, chosen } from './blocks.ts';
import { gated } from './config-values.ts';
import { BY_ROUTER } from './ep-plan.ts';
import { loading } from './loading.ts';
import { layout, MIXTRAL, type Row, row, SEEN, V5 } from './row.ts';

const GRANITE: Row = {
  ...MIXTRAL,
  memoryContainer: 'block_sparse_moe',
  disk: [layout('gate-up', 'input-output-linear')],
  tails: [['router.layer.weight', 'router.weight']],
  loads: loading({
    renames: [
      { from: 'block_sparse_moe\\.input_linear\\.weight', to: 'block_sparse_moe.experts.gate_up_proj' },
      { from: 'block_sparse_moe\\.output_linear\\.weight', to: 'block_sparse_moe.experts.down_proj' },
    ],
  }),
  ...SEEN,
};
const BESIDE = 'The shared MLP of this architecture is not part of the block and is not computed.';
const besideShared = (source: string) => block(source, chosen, () => ({ note: BESIDE }));

/** IBM’s models. */
export const GRANITE_TYPES: readonly Architecture[] = [
  row('granitemoe', { ...GRANITE, block: block('GraniteMoeMoE', chosen) }),
  row('granitemoeshared', { ...GRANITE, block: besideShared('GraniteMoeSharedMoE') }),
  row('granitemoehybrid', { ...GRANITE, block: besideShared('GraniteMoeHybridMoE') }),
  row('granitemoe_swa', {
    ...GRANITE,
    block: besideShared('GraniteMoeSWAMoE'),
    loads: loading({ run: false }),
    ep: BY_ROUTER,
    source: V5,
    confirmed: false,
  }),
  row('jetmoe', {
    experts: ['num_local_experts'],
    disk: [layout('gate-up', 'input-output-linear')],
    memory: layout('gate-up', 'input-output-linear'),
    intermediate: ['intermediate_size'],
    block: block('JetMoeMoE', chosen, ({ config }) => ({ inner: gated(config, 'activation_function') })),
    loads: loading(),
    ...SEEN,
  }),
];
