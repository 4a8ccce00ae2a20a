import { shell } from '../../embed/emitted.ts';
import { shellWord } from '../../embed/shell.ts';
import { byClaims } from '../../loads/claims.ts';
import type { Response } from '../../loads/types.ts';
import { APART, FACTS, from, OTHERS, QWEN3 } from '../claims.ts';

/** Scales that no tensor fills. */
const UNFILLED: Response = {
  verdict: 'wrong-values',
  says: 'Its parameters for scales are allocated and not filled: what is missing keeps whatever the memory held.',
  evidence: from('source', 'SGLang, modelopt_quant.py: torch.empty, then the largest over all experts', '2026-11'),
};

/** What is known of how SGLang loads a checkpoint. */
export const sglangLoads = byClaims({
  version: 'main, 2026',
  cures: ['per-expert'],
  holds: { layout: 'runtime', types: QWEN3, absent: 'unknown' },
  proof: {
    reason: 'SGLang skips unknown names and does not report them. Compare its answers with those of transformers 5.',
  },
  usage: { language: 'sh', code: (repo) => shell`python -m sglang.launch_server --model-path ${shellWord(repo)}` },
  minds: {
    'shard-missing': {
      verdict: 'refuses',
      says: 'It checks every file of the index first and stops with an error.',
      evidence: from('reported', 'sglang#32279, merged', FACTS),
    },
    'expert-scale-missing': UNFILLED,
    'input-scale-missing-some': {
      ...UNFILLED,
      says: 'It takes the largest input scale of all experts, those that were never filled included.',
    },
    'e8m0-as-linear': {
      verdict: 'wrong-values',
      says: 'Scales are copied into bytes as numbers, and become 0.',
      evidence: from('reported', 'sglang#26701, open', '2026-11'),
    },
  },
  claims: [
    {
      layouts: ['per-expert/projections', 'per-expert/w123'],
      types: APART,
      verdict: 'loads',
      quantised: true,
      evidence: from(
        'source',
        'SGLang, FusedMoE.make_expert_params_mapping: one name per expert and projection',
        FACTS,
      ),
    },
    {
      layouts: OTHERS,
      types: QWEN3,
      verdict: 'partial',
      evidence: from('source', 'SGLang 008af3a6, qwen3_moe.py, load_weights: unknown names are passed over', FACTS),
      needs: ['A check of the output: the experts keep uninitialised memory, and no exception is raised.'],
    },
  ],
});
