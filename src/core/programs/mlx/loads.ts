import { shell } from '../../embed/emitted.ts';
import { shellWord } from '../../embed/shell.ts';
import { byClaims, type OwnLayout } from '../../loads/claims.ts';
import type { CountReading } from '../../loads/count.ts';
import type { Response } from '../../loads/types.ts';
import { AUGUST, FACTS, from, OTHERS, QWEN3, QWEN35 } from '../claims.ts';
import { MLX_SCRIPT_BODY } from './proof-script.ts';

const MLX = from('source', 'mlx-lm d78bf58e, each model’s sanitize()', AUGUST);

/** Model types that mlx-lm has; its source and its folder of models, read 2026-11-22. */
const MLX_TYPES =
  `qwen3_moe qwen2_moe qwen3_next qwen3_5_moe qwen3_vl_moe mixtral minimax phimoe deepseek_v2 deepseek_v3
  deepseek_v32 glm4_moe glm4_moe_lite glm4v_moe dots1 exaone_moe olmoe hy_v3 ernie4_5_moe granitemoe granitemoehybrid jamba
  kimi_linear lfm2_moe longcat_flash nemotron_h afmoe bailing_moe bailing_moe_linear gpt_oss llama4 llama4_text
  cohere2_moe`.split(/\s+/);

/** The layout that mlx-lm's own files have. */
const OWN: OwnLayout = ({ mlx, container }) => ({ layout: `stacked/${mlx}`, container });
const COUNT_REQUIRED: CountReading = {
  modelType: 'qwen3_moe',
  fallback: null,
  evidence: from('source', 'mlx-lm 0161813f, qwen3_moe.py: ModelArgs', FACTS),
};

const NO_SHARD: Response = {
  verdict: 'refuses',
  says: 'It reads the files that exist and stops with an error if a parameter is in none of them.',
  evidence: from('source', 'mlx-lm, utils.py, load_model: strict by default', FACTS),
};

/** What is known of how mlx-lm loads a checkpoint. */
export const mlxLoads = byClaims({
  version: 'mlx-lm, August 2026',
  cures: ['switch-mlp', 'per-expert'],
  holds: { layout: OWN, types: MLX_TYPES, absent: 'refuses' },
  count: COUNT_REQUIRED,
  proof: { script: MLX_SCRIPT_BODY },
  library: { name: 'mlx', target: 'switch-mlp' },
  usage: { language: 'sh', code: (repo) => shell`mlx_lm.generate --model ${shellWord(repo)} --prompt "Hello"` },
  minds: { 'shard-missing': NO_SHARD, 'series-gap': NO_SHARD, 'tensor-missing': NO_SHARD },
  claims: [
    { layouts: [OWN], types: MLX_TYPES, verdict: 'loads', quantised: true, evidence: MLX },
    {
      layouts: ['per-expert', 'gate-up/plain'],
      types: QWEN35,
      verdict: 'loads-converting',
      evidence: from('source', 'mlx-lm 48aab6cd, qwen3_5_moe.py, _normalize_experts', FACTS),
    },
    {
      layouts: ['per-expert'],
      types: QWEN3,
      when: 'first-layer-dense',
      verdict: 'refuses',
      evidence: from('source', 'mlx-lm 0161813f, qwen3_moe.py, sanitize: only layer 0 is looked at for experts', FACTS),
    },
    { layouts: ['hub'], types: MLX_TYPES, verdict: 'loads-converting', evidence: MLX },
    {
      layouts: OTHERS,
      types: MLX_TYPES,
      verdict: 'refuses',
      evidence: from(
        'source',
        'mlx-lm, utils.py, load_model: strict by default, so a name that does not fit is an error',
        FACTS,
      ),
    },
  ],
});
