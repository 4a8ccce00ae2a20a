import { type Emitted, jsonOf, visible } from '../core/index.ts';

/**
 * The border between what files say and a terminal: nothing else here writes to it (`architecture.test.ts` sees to it). In what
 * is printed, a character that a terminal would act on, or that would hide or turn others, stands as its escape.
 */

/** Lines on standard output; a line break inside one is shown as `\n`. */
export function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.map(visible).join('\n')}\n`);
}

/** Code on standard output, which holds no such character as it is made. */
export function printCode(code: Emitted): void {
  process.stdout.write(code.endsWith('\n') ? code : `${code}\n`);
}

/** JSON on standard output; such characters are escaped in the JSON, which says the same. */
export function printJson(value: unknown, lines: 'one' | 'several' = 'several'): void {
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
