/** Exit codes: a contract. */
export const DONE = 0;
export const COULD_NOT = 2;

/** What each code says, for the manual page. */
export const EXITS = [
  { code: DONE, meaning: 'The work is done, and the answer is yes.' },
  {
    code: 1,
    meaning: 'The answer is no: invalid, not equal, not convertible, or an error was found in the checkpoint.',
  },
  { code: COULD_NOT, meaning: 'The work could not be done: an error, a stop, or a file that could not be read.' },
  { code: 141, meaning: 'The reader of standard output has ended.' },
] as const;
