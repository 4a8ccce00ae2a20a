import { type Emitted, jsonOf, visible } from '../core/index.ts';
import { PROGRAM_NAME } from './name.ts';
import { wrapped } from './wrap.ts';

/**
 * The border between what files say and a terminal: nothing else here writes to it (`architecture.test.ts` sees to it). In what
 * is printed, a character that a terminal would act on, or that would hide or turn others, stands as its escape.
 */

/** Exit codes of a command whose output could not be printed: a reader that has left (128 + SIGPIPE), and anything else. */
const READER_LEFT = 141;
const COULD_NOT = 2;

/**
 * Ends the program where standard output takes no more: without a word when its reader has left (`… | head`), else with a
 * sentence, as when the disk is full. Standard error may fail: nobody reads it then, and the work goes on.
 */
export function guardStreams(): void {
  process.stdout.on('error', (cause: NodeJS.ErrnoException) => {
    if (cause.code === 'EPIPE') process.exit(READER_LEFT);
    const full = cause.code === 'ENOSPC' || cause.code === 'EDQUOT';
    const what = full ? 'The disk is full: standard output' : 'Standard output';
    tell(
      `${PROGRAM_NAME}: ${what} could not be written (${cause.message}), so the output is incomplete. ${full ? 'Free space, or print to another place' : 'Print to another place'}, then run again. [${full ? 'disk-full' : 'write-failed'}]`,
    );
    process.exit(COULD_NOT);
  });
  process.stderr.on('error', () => undefined);
}

/**
 * Columns of the terminal: those of `COLUMNS`, else what the terminal says. Null where standard output is none, so that
 * what another program reads is the same everywhere.
 */
export function terminalWidth(): number | null {
  const { isTTY, columns } = process.stdout;
  if (!isTTY) return null;
  const { COLUMNS = '' } = process.env;
  if (/^[1-9]\d{0,3}$/.test(COLUMNS)) return Number(COLUMNS);
  return columns > 0 ? columns : null;
}

/**
 * Lines on standard output; a line break inside one is shown as `\n`. On a terminal, lines that do not fit are wrapped,
 * unless `how` says that they are to be copied.
 */
export function print(lines: readonly string[], how: 'wrapped' | 'whole' = 'wrapped'): void {
  const width = how === 'wrapped' ? terminalWidth() : null;
  const shown = lines.flatMap((line) => wrapped(visible(line), width));
  process.stdout.write(`${shown.join('\n')}\n`);
}

/** Code on standard output, which holds no such character as it is made. */
export function printCode(code: Emitted): void {
  process.stdout.write(code.endsWith('\n') ? code : `${code}\n`);
}

/** The version of every answer. It goes up when a key is removed, renamed or changes its meaning; a new key leaves it. */
export const ANSWER_VERSION = 1;

/**
 * The answer of a command as JSON on standard output, its version first; hidden characters are escaped in the JSON, which
 * says the same. An answer that had a key `version` with another meaning keeps it, and has `formatVersion`.
 */
export function printJson(answer: object, lines: 'one' | 'several' = 'several'): void {
  const versioned =
    'version' in answer ? { formatVersion: ANSWER_VERSION, ...answer } : { version: ANSWER_VERSION, ...answer };
  printJsonFile(versioned, lines);
}

/** A JSON file for another program on standard output, with the keys of its own format alone. */
export function printJsonFile(value: unknown, lines: 'one' | 'several' = 'several'): void {
  process.stdout.write(`${jsonOf(value, lines === 'one' ? undefined : 2)}\n`);
}

/** A line on standard error. */
export function tell(line: string): void {
  process.stderr.write(`${visible(line)}\n`);
}

const ERASE = '\r\u001b[2K';

/** Puts one line of progress in the place of the last. For terminals alone. */
export function drawLine(line: string): void {
  process.stderr.write(`${ERASE}${visible(line)}`);
}

/** Takes the line of progress away. */
export function eraseLine(): void {
  process.stderr.write(ERASE);
}
