import type { Checkpoint } from '../checkpoint/types.ts';
import { isGood } from '../loads/predict.ts';
import type { LoadingProgram, ProgramVerdict } from '../loads/types.ts';
import type { ConversionPlan } from '../plan/types.ts';
import { fence } from './model-card-markdown.ts';

interface UsageFacts {
  readonly plan: ConversionPlan;
  readonly config: Checkpoint['config'];
  readonly name?: string;
}

/** Snippets for the programs that are predicted to load the result, and for no other. */
export function usage(
  { plan, config, name }: UsageFacts,
  programs: readonly LoadingProgram[],
  verdicts: readonly ProgramVerdict[],
): string[] {
  if (plan.scope === 'partial') return [];
  const repo = /^[\w.-]+\/[\w.-]+$/.test(name ?? '') ? (name ?? '') : 'THIS';
  const blocks = verdicts.filter(isGood).flatMap(({ id, title }) => {
    const snippet = programs.find((program) => program.id === id)?.loads.usage;
    if (!snippet) return [];
    return [`${snippet.title ?? title}:`, fence(snippet.language, snippet.lines(repo, className(config)))];
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
