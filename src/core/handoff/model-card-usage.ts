import type { Checkpoint } from '../checkpoint/types.ts';
import { type Emitted, joined, markdown } from '../embed/emitted.ts';
import { markdownFence, markdownText } from '../embed/markdown.ts';
import { identifier, isIdentifier } from '../embed/python.ts';
import { isGood } from '../loads/predict.ts';
import type { LoadingProgram, ProgramVerdict } from '../loads/types.ts';
import type { ConversionPlan } from '../plan/types.ts';

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
): Emitted<'markdown'>[] {
  if (plan.scope === 'partial') return [];
  const repo = /^\w[\w.-]*\/[\w.-]+$/.test(name ?? '') ? (name ?? '') : 'THIS';
  const blocks = verdicts.filter(isGood).flatMap(({ id, title }) => {
    const snippet = programs.find((program) => program.id === id)?.loads.usage;
    if (!snippet) return [];
    const { language } = snippet;
    const code = language === 'python' ? snippet.code(repo, className(config)) : snippet.code(repo);
    return [markdown`${markdownText(snippet.title ?? title)}:`, markdownFence(language, code)];
  });
  const where = repo === 'THIS' ? [markdown`\`THIS\` is the folder or repo id of these files.`] : [];
  return blocks.length === 0 ? [] : [joined([markdown`## How to use it`, ...where, ...blocks], '\n\n')];
}

/** The class that config.json names, else the usual one. */
function className(config: Checkpoint['config']): Emitted<'python'> {
  const classes = config?.architectures;
  const first: unknown = Array.isArray(classes) ? classes[0] : null;
  return identifier(typeof first === 'string' && isIdentifier(first) ? first : 'AutoModelForCausalLM');
}
