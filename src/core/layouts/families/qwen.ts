import type { Architecture } from '../architecture-row.ts';
import { block, shared, softmax } from './blocks.ts';
import { BY_GATE } from './ep-plan.ts';
import { type Converter, IN_MLP, loading, type Rename, VISION } from './loading.ts';
import { APART, GATE_UP, QWEN, type Row, remote, row, SEEN, TRANSPOSED, V5 } from './row.ts';

const BESIDE_VISION: readonly Rename[] = [{ from: '^model\\.language_model\\.(.+)$', to: 'model.\\1' }];
const QWEN_3_5: Row = {
  experts: ['num_experts'],
  disk: [GATE_UP, APART],
  mtp: 'stack',
  block: block('Qwen3_5MoeSparseMoeBlock', softmax('always'), shared),
  ep: BY_GATE,
  ...SEEN,
};
const VL: Row = {
  ...QWEN,
  disk: [TRANSPOSED, GATE_UP],
  block: block('Qwen3VLMoeTextSparseMoeBlock', softmax('always')),
  ep: BY_GATE,
};
const THINKER = block('Qwen3OmniMoeThinkerTextSparseMoeBlock', softmax(true));
const TALKER = block('Qwen3OmniMoeTalkerTextSparseMoeBlock', softmax(false), shared);
const OMNI: Row = { ...QWEN, block: (facts) => (facts.prefix.startsWith('talker.') ? TALKER : THINKER)(facts) };
const TURN = (name: string): Converter => ({
  operation: 'turn',
  sources: [`mlp.experts.${name}`],
  target: `mlp.experts.${name}`,
});

/** Qwen’s models, and models of other houses that are built alike. */
export const QWEN_TYPES: readonly Architecture[] = [
  row(
    'qwen3_moe',
    {
      ...QWEN,
      block: block('Qwen3MoeSparseMoeBlock', softmax(false)),
      loads: loading({ converters: IN_MLP }),
      ep: BY_GATE,
      ...SEEN,
    },
    'num_local_experts',
  ),
  row('qwen2_moe', {
    ...QWEN,
    block: block('Qwen2MoeSparseMoeBlock', softmax(false), shared),
    loads: loading({ converters: IN_MLP }),
    ep: BY_GATE,
    ...SEEN,
  }),
  row('qwen3_next', {
    ...QWEN,
    mtp: 'stack',
    block: block('Qwen3NextSparseMoeBlock', softmax(true), shared),
    loads: loading({ converters: IN_MLP, ignored: ['^mtp.*'] }),
    ep: BY_GATE,
    ...SEEN,
  }),
  row('qwen3_5_moe', {
    ...QWEN_3_5,
    loads: loading({
      converters: IN_MLP,
      ignored: ['^mtp.*'],
      causalRenames: BESIDE_VISION,
      stacks: [...VISION, 'model.layers'],
    }),
  }),
  row('qwen3_5_moe_text', {
    ...QWEN_3_5,
    loads: loading({ converters: IN_MLP, ignored: ['^mtp.*'], causalRenames: BESIDE_VISION }),
  }),
  row(['qwen4_exp', 'qwen4_exp_text'], { experts: ['num_experts'], disk: [APART, GATE_UP], ep: BY_GATE, source: V5 }),
  row(
    'qwen3_vl_moe',
    { ...VL, loads: loading({ converters: ['gate_up_proj', 'down_proj'].map(TURN), stacks: VISION }) },
    'num_local_experts',
  ),
  row('qwen3_vl_moe_text', { ...VL, loads: loading() }, 'num_local_experts'),
  row(['qwen3_omni_moe', 'qwen3_omni_moe_thinker'], {
    ...OMNI,
    loads: loading({ converters: IN_MLP, stacks: null, run: false }),
  }),
  row('qwen3_omni_moe_text', OMNI),
  row(
    ['qwen3_omni_moe_talker', 'qwen3_omni_moe_talker_text'],
    { ...QWEN, block: TALKER, ep: BY_GATE },
    'num_local_experts',
  ),
  remote('Klear', { ...QWEN, source: 'ml-explore/mlx-lm, models/Klear.py' }),
  remote('grove_moe', { ...QWEN, source: 'ggml-org/llama.cpp, conversion/grovemoe' }),
  remote(['interns1', 'interns1_text'], { ...QWEN, source: 'InternLM/lmdeploy; modelscope/ms-swift' }),
  remote('interns1_pro', { ...QWEN, disk: [APART, TRANSPOSED], source: 'InternLM/lmdeploy' }),
];
