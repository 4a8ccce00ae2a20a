import { FINAL_EXIT, FINAL_EXIT_VARIABLE } from './final-exit.ts';

/** Exit codes of the command line: a contract. */
export const DONE = 0;
export const COULD_NOT = 2;

/**
 * What each code says, for the manual page. `again` is whether the same command may end otherwise when it is run again: a cluster
 * repeats a part that ended with such a code.
 */
export const EXITS = [
  { code: DONE, again: false, meaning: 'The work is done, and the answer is yes.' },
  {
    code: 1,
    again: false,
    meaning: 'The answer is no: invalid, not equal, not convertible, or an error was found in the checkpoint.',
  },
  {
    code: COULD_NOT,
    again: true,
    meaning: 'The work could not be done: an error, a stop, or a file that could not be read.',
  },
  {
    code: FINAL_EXIT,
    again: false,
    meaning: `Only where the environment sets ${FINAL_EXIT_VARIABLE}=${FINAL_EXIT}, as jobs of a cluster do: the work could not be done, and would end the same way if the same command were run again.`,
  },
  { code: 141, again: true, meaning: 'The reader of standard output has ended.' },
] as const;

/** Codes that the same command gives again, however often it is run, in ascending order: a cluster tries nothing again after them. */
export const FINAL_EXITS: readonly number[] = EXITS.flatMap(({ code, again }) =>
  code === DONE || again ? [] : [code],
);
