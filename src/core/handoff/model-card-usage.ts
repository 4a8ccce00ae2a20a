import type { Checkpoint } from '../checkpoint/types.ts';
import { isGood } from '../layouts/loaders/predict.ts';
import type { ConsumerId, ConsumerVerdict } from '../layouts/loaders/types.ts';
import type { ConversionPlan } from '../plan/types.ts';
import { fence } from './model-card-markdown.ts';

interface UsageFacts {
  readonly plan: ConversionPlan;
  readonly config: Checkpoint['config'];
  readonly name?: string;
}

interface Snippet {
  readonly title: string;
  readonly language: string;
  readonly lines: (repo: string, className: string) => readonly string[];
}

const LOAD = (repo: string, className: string) => [
  `from transformers import ${className}`,
  '',
  `model, info = ${className}.from_pretrained("${repo}", dtype="auto", output_loading_info=True)`,
  'assert not info["missing_keys"], info  # what is missing would be at random',
];

const SNIPPETS: Readonly<Partial<Record<ConsumerId, Snippet>>> = {
  'transformers-5': { title: 'transformers 5', language: 'python', lines: LOAD },
  'transformers-4.57': { title: 'transformers 4.57', language: 'python', lines: LOAD },
  'fork-qwen3-moe-ep': {
    title: 'The fork of transformers 4.57.6 (branch qwen3-moe-ep), with expert parallelism',
    language: 'python',
    lines: (repo) => [
      '# torchrun --nproc-per-node N load.py, where N divides the number of experts',
      'from transformers import AutoModelForCausalLM',
      'from transformers.distributed import DistributedConfig',
      '',
      `model = AutoModelForCausalLM.from_pretrained("${repo}", dtype="auto", distributed_config=DistributedConfig(enable_expert_parallel=True))`,
    ],
  },
  vllm: { title: 'vLLM', language: 'sh', lines: (repo) => [`vllm serve ${repo}`] },
  sglang: { title: 'SGLang', language: 'sh', lines: (repo) => [`python -m sglang.launch_server --model-path ${repo}`] },
  'llama.cpp': {
    title: 'llama.cpp',
    language: 'sh',
    lines: () => ['python convert_hf_to_gguf.py FOLDER --outfile model.gguf'],
  },
  mlx: { title: 'MLX', language: 'sh', lines: (repo) => [`mlx_lm.generate --model ${repo} --prompt "Hello"`] },
};

/** Snippets for the programs that are predicted to load the result, and for no other. */
export function usage({ plan, config, name }: UsageFacts, verdicts: readonly ConsumerVerdict[]): string[] {
  if (plan.scope === 'partial') return [];
  const repo = /^[\w.-]+\/[\w.-]+$/.test(name ?? '') ? (name ?? '') : 'THIS';
  const blocks = verdicts.filter(isGood).flatMap(({ id }) => {
    const snippet = SNIPPETS[id];
    return snippet ? [`${snippet.title}:`, fence(snippet.language, snippet.lines(repo, className(config)))] : [];
  });
  const where = repo === 'THIS' ? ['`THIS` stands for the place where these files are.'] : [];
  return blocks.length === 0 ? [] : [['## How to use it', ...where, ...blocks].join('\n\n')];
}

/** The class that config.json names, else the usual one. */
function className(config: Checkpoint['config']): string {
  const classes = config?.architectures;
  const first: unknown = Array.isArray(classes) ? classes[0] : null;
  return typeof first === 'string' && /^[A-Za-z]\w*$/.test(first) ? first : 'AutoModelForCausalLM';
}
