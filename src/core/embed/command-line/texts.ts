import type { Emitted } from '../emitted.ts';
import { bashCompletion } from './bash.ts';
import { fishCompletion } from './fish.ts';
import { manPage } from './man.ts';
import type { ProgramText } from './tree.ts';
import { zshCompletion } from './zsh.ts';

export type { ArgumentText, CommandText, OptionText, ProgramText } from './tree.ts';

/** Texts that are made from a command line: completion for three shells, and a manual page. */
export const COMMAND_LINE_TEXTS: Readonly<Record<'bash' | 'zsh' | 'fish' | 'man', (program: ProgramText) => Emitted>> =
  {
    bash: bashCompletion,
    zsh: zshCompletion,
    fish: fishCompletion,
    man: manPage,
  };
