import type { Architecture } from '../architecture-row.ts';
import { block, softmax } from './blocks.ts';
import { activationOf } from './config-values.ts';
import { BY_ROUTER, mlpEntries } from './ep-plan.ts';
import { loading, VISION } from './loading.ts';
import { GATE_UP, type Row, row } from './row.ts';

const GEMMA: Row = {
  experts: ['num_experts'],
  topK: ['top_k_experts'],
  container: '',
  disk: [GATE_UP],
  ep: { ...BY_ROUTER, more: mlpEntries('mlp') },
};
const GEMMA_4: Row = {
  ...GEMMA,
  block: block('Gemma4TextRouter and Gemma4TextExperts', softmax('always'), ({ config }) => ({
    inner: { kind: 'gated', activation: activationOf(config, 'hidden_activation', 'gelu_pytorch_tanh') },
    norms: 'gemma',
    note: 'The dense MLP that runs beside the experts is not part of the block; the norms before and after the experts are.',
  })),
};

/** Google’s decoders. */
export const GEMMA_TYPES: readonly Architecture[] = [
  row('gemma4', { ...GEMMA_4, loads: loading({ stacks: VISION, run: false }) }),
  row('gemma4_text', { ...GEMMA_4, loads: loading({ run: false }) }),
  row(['diffusion_gemma', 'diffusion_gemma_text'], GEMMA),
];
