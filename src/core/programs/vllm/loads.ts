import { shell } from '../../embed/emitted.ts';
import { shellWord } from '../../embed/shell.ts';
import { byClaims } from '../../loads/claims.ts';
import { quantMethod } from '../../loads/expert-names.ts';
import type { LoadInput } from '../../loads/sparse-layers.ts';
import type { LoadsFacet, Response } from '../../loads/types.ts';
import { APART, FACTS, from, OTHERS, QWEN3, QWEN35 } from '../claims.ts';
import { vllmLimits } from './limits.ts';

/** It reads what is there; whether that was every parameter is looked at without quantisation alone. */
function notAll(input: LoadInput): Response {
  const evidence = from('source', 'vLLM, default_loader.py, load_weights: what was not loaded', FACTS);
  return quantMethod(input) === null
    ? { verdict: 'refuses', says: 'It ends with “Following weights were not initialized from checkpoint”.', evidence }
    : { verdict: 'partial', says: 'It starts, but the missing tensors hold uninitialised memory.', evidence };
}

const ISSUES = '2026-11';

const quiet = (says: string, source: string): Response => ({
  verdict: 'wrong-values',
  says,
  evidence: from('reported', source, ISSUES),
});

/** Quantised experts: it compares names of unquantised models alone, and one expert speaks for all. */
const QUANTISED: LoadsFacet['minds'] = {
  'expert-scale-missing': {
    verdict: 'wrong-values',
    says: 'Its parameters for scales are allocated and not filled: what is missing keeps whatever the memory held.',
    evidence: from('source', 'vLLM 00155cde, modelopt.py: torch.empty; default_loader.py compares no names', ISSUES),
  },
  'input-scale-missing-some': quiet('Tokens that are routed to these experts become NaN.', 'vllm#45212, open'),
  'input-scale-missing-all': quiet('The outputs of experts are multiplied by 0.', 'vllm#54189, closed'),
  'bf16-not-ignored': {
    verdict: 'wrong-values',
    says: 'It casts the numbers to the quantised dtype, with scales of 1.',
    evidence: from('source', 'vLLM 1436674b, fp8.py: parameters of scales are ones', ISSUES),
  },
  'scheme-mixed-in-experts': {
    verdict: 'wrong-values',
    says: 'The scheme of expert 0 is taken for all of them.',
    evidence: from('source', 'vLLM 8a95a688, compressed_tensors_moe.py: the scheme of .0.gate_proj', ISSUES),
  },
  'packed-stack-unread': quiet(
    'It drops the tensors and starts; experts keep the values of their allocation.',
    'llm-compressor#2939, closed',
  ),
  'e8m0-as-linear': quiet('Scales are copied into bytes as numbers, and become 0.', 'vllm#51419, merged'),
  'format-unread': {
    verdict: 'refuses',
    says: 'It ends with a KeyError.',
    evidence: from('reported', 'auto-round#1464, vllm#40885', ISSUES),
  },
};

/** What is known of how vLLM loads a checkpoint. */
export const vllmLoads = byClaims({
  version: 'main, 2026',
  cures: ['per-expert'],
  holds: { layout: 'runtime', types: QWEN3, absent: 'unknown' },
  proof: {
    reason:
      'vLLM does not report tensors that it did not load. Look for a KeyError when it starts, and compare its answers with those of transformers 5.',
  },
  usage: { language: 'sh', code: (repo) => shell`vllm serve ${shellWord(repo)}` },
  limits: vllmLimits,
  minds: { 'shard-missing': notAll, 'tensor-missing': notAll, ...QUANTISED },
  claims: [
    {
      layouts: ['per-expert/projections', 'per-expert/w123'],
      types: APART,
      verdict: 'loads',
      quantised: true,
      evidence: from('source', 'vLLM, FusedMoE.make_expert_params_mapping: one name per expert and projection', FACTS),
    },
    {
      layouts: ['gate-up/plain'],
      types: QWEN3,
      verdict: 'refuses',
      evidence: from('reported', 'vllm#42577: the native Qwen3-MoE loader does not know these names', FACTS),
      needs: [
        '`--model-impl transformers`: that backend loads them (vllm#36997). Newer native loaders were not tested.',
      ],
    },
    {
      layouts: OTHERS,
      types: QWEN3,
      verdict: 'refuses',
      evidence: from(
        'source',
        'vLLM 002456df, qwen3_moe.py, load_weights: a name that no parameter has is a KeyError',
        FACTS,
      ),
    },
    {
      layouts: ['gate-up/plain'],
      types: QWEN35,
      verdict: 'loads',
      evidence: from('source', 'vLLM, FusedMoE loader: stacked tensors are cut in two on dim 1, then unbound', FACTS),
    },
    {
      layouts: ['gate-up-transposed/plain'],
      types: ['llama4', 'llama4_text', 'qwen3_vl_moe', 'qwen3_vl_moe_text'],
      verdict: 'loads',
      evidence: from('reported', 'vllm#50727: the orientation is a flag of the model', FACTS),
      needs: ['A version with vllm#50727; before it the orientation was guessed from shapes (vllm#50137).'],
    },
    {
      layouts: ['gate-up-interleaved/gpt-oss'],
      types: ['gpt_oss'],
      verdict: 'refuses',
      evidence: from('reported', 'vllm#45830: a KeyError for gpt-oss in bf16', FACTS),
    },
    {
      layouts: ['gate-up-transposed/fc12'],
      types: ['aria', 'aria_text'],
      verdict: 'refuses',
      evidence: from('reported', 'vllm#57495: the suffix .weight', FACTS),
    },
  ],
});
