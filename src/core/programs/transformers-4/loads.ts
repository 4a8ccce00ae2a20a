import { python } from '../../embed/emitted.ts';
import { pythonString } from '../../embed/python.ts';
import { byClaims } from '../../loads/claims.ts';
import { countAnswer } from '../../loads/count.ts';
import type { LoadsFacet } from '../../loads/types.ts';
import { from, OTHERS, QWEN3 } from '../claims.ts';
import { MINDS } from '../transformers/minds.ts';
import { LOAD_SCRIPT_BODY } from '../transformers/proof-script.ts';
import { USAGE } from '../transformers/usage.ts';
import { askTransformers4, READ, VERSION } from './ask.ts';
import { COUNT_DEFAULTED } from './count.ts';

const CARD = from('reported', "the fused checkpoint's model card and its author's worklog", '2026-04');

/** As transformers 5 does where its own classes decide; how it opens files was not looked into. */
const MINDS_4: LoadsFacet['minds'] = Object.fromEntries(
  Object.entries(MINDS)
    .filter(([tag]) => tag !== 'shard-missing')
    .map(([tag, response]) => [tag, { ...response, evidence: READ }]),
);

/** What is known of how transformers 4.57 loads a checkpoint. */
export const transformers457Loads: LoadsFacet = {
  title: 'transformers 4.57',
  version: VERSION,
  source: READ.source,
  date: READ.date,
  cures: ['per-expert', 'gate-up-transposed', 'gate-up-interleaved', 'gate-up'],
  minds: MINDS_4,
  ask: (input) => countAnswer(COUNT_DEFAULTED, input, askTransformers4(input)),
  proof: { script: LOAD_SCRIPT_BODY },
  usage: USAGE,
};

/** What is known of how the fork loads a checkpoint. */
export const forkQwen3MoeEpLoads = byClaims({
  version: '4.57.6, branch qwen3-moe-ep',
  cures: ['stacked'],
  holds: { layout: 'stacked/plain', types: QWEN3, absent: 'partial' },
  count: COUNT_DEFAULTED,
  title: 'qwen3-moe-ep fork',
  proof: { script: LOAD_SCRIPT_BODY },
  usage: {
    title: 'The fork of transformers 4.57.6 (branch qwen3-moe-ep), with expert parallelism',
    language: 'python',
    code: (repo) => python`# torchrun --nproc-per-node N load.py, where N divides the number of experts
from transformers import AutoModelForCausalLM
from transformers.distributed import DistributedConfig

model = AutoModelForCausalLM.from_pretrained(${pythonString(repo)}, dtype="auto", distributed_config=DistributedConfig(enable_expert_parallel=True))
`,
  },
  claims: [
    { layouts: ['stacked/plain'], types: QWEN3, verdict: 'loads', evidence: CARD },
    {
      layouts: OTHERS,
      types: QWEN3,
      verdict: 'partial',
      evidence: CARD,
      needs: ['A check of the loss: with random experts it starts at 8.0 instead of 1.6, and no exception is raised.'],
    },
  ],
});
