import type { Command } from 'commander';
import { GLOSSARY, type GlossaryTerm, LoomError, TERM_IDS, type TermId, termOf } from '../core/index.ts';
import { withWords } from './choices.ts';
import { print, printJson } from './common.ts';
import { PROGRAM_NAME } from './name.ts';

/** `moe-loom explain [term]`: one sentence of the glossary, or all of them. */
export function addExplain(program: Command): void {
  const command = program
    .command('explain')
    .description('explain a term, such as EP or gate-up, in one sentence; without a term, list all terms')
    .argument('[term...]', 'a term, such as EP, gate-up or active parameters')
    .option('--json', 'print one JSON object on standard output')
    .action((words: readonly string[], flags: { readonly json?: boolean }) => {
      const ids = words.length === 0 ? TERM_IDS : [known(words.join(' '))];
      if (flags.json) printJson({ terms: ids.map((id) => ({ id, ...GLOSSARY[id] })) });
      else print(ids.map(line));
    });
  withWords(command, TERM_IDS);
}

function line(id: TermId): string {
  const { term, also = [], says }: GlossaryTerm = GLOSSARY[id];
  return `${term}${also.length > 0 ? ` (${also.join(', ')})` : ''}: ${says}`;
}

/** @throws LoomError `usage`. */
function known(word: string): TermId {
  const found = termOf(word);
  if (found) return found.id;
  throw new LoomError(
    'usage',
    `The glossary has no term "${word}". Run "${PROGRAM_NAME} explain" for the list of terms.`,
  );
}
