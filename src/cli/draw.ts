import { writeFileSync } from 'node:fs';
import { basename, isAbsolute } from 'node:path';
import type { Command } from 'commander';
import { DRAWINGS, type Drawing, detectLayout, drawLayer, groupToDraw, LoomError, svgOf } from '../core/index.ts';
import { assumption, interruptSignal, printJson } from './common.ts';
import { tellErrorsOf } from './damage.ts';
import { openCheckpointAt, type ReadingFlags, SOURCE_HELP, withReading } from './source.ts';
import { printCode, tell } from './terminal.ts';

interface DrawFlags extends ReadingFlags {
  readonly layer?: string;
  readonly what: string;
  readonly as: string;
  readonly dark?: boolean;
  readonly out?: string;
}

/** `moe-loom draw <source>`: one layer as a picture, from headers alone. Exit 1 when the checkpoint has an error. */
export function addDraw(program: Command): void {
  const command = program
    .command('draw')
    .description('draw how a layer’s experts are stored, as SVG for a README, a model card or a paper')
    .argument('<source>', SOURCE_HELP)
    .option('--layer <n>', 'which layer; the first with experts when left out')
    .option(
      '--what <drawing>',
      'glyph: each kind of tensor, to scale; strip: where its bytes lie in the files',
      'glyph',
    )
    .option('--as <format>', 'svg', 'svg')
    .option('--dark', 'light on dark')
    .option('--out <file>', 'write here instead of to standard output');
  withReading(command).action(async (source: string, flags: DrawFlags) => {
    const drawing = parseDrawing(flags.what);
    if (flags.as !== 'svg') throw new LoomError('usage', `--as takes svg; "${flags.as}" is not that.`);
    const layer = flags.layer === undefined ? null : parseLayer(flags.layer);
    const { checkpoint } = await openCheckpointAt(source, flags, interruptSignal());
    const layout = detectLayout(checkpoint, assumption(flags));
    const { picture, notes } = drawLayer(checkpoint, layout, groupToDraw(layout, layer), drawing);
    if (flags.json) printJson({ ...picture, notes });
    else {
      const from = nameOf(checkpoint.identity);
      const svg = svgOf(picture, { scheme: flags.dark ? 'dark' : 'light', notes: [from, ...notes] });
      if (flags.out === undefined) printCode(svg);
      else writeNew(flags.out, svg, flags.quiet === true);
    }
    tellErrorsOf(checkpoint, layout);
  });
}

/** A picture is made to be shown to others: of a local folder it says the name alone. */
function nameOf(identity: string): string {
  return isAbsolute(identity) ? basename(identity) : identity;
}

/** @throws LoomError `usage`. */
function parseDrawing(text: string): Drawing {
  const found = DRAWINGS.find((each) => each === text);
  if (!found) throw new LoomError('usage', `--what takes ${DRAWINGS.join(' or ')}; "${text}" is not that.`);
  return found;
}

/** @throws LoomError `usage`. */
function parseLayer(text: string): number {
  if (!/^\d{1,6}$/.test(text))
    throw new LoomError('usage', `--layer takes the number of one layer; "${text}" is not that.`);
  return Number(text);
}

/** Nothing that is there is written over. @throws LoomError `usage` where something is. */
function writeNew(file: string, text: string, quiet: boolean): void {
  try {
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    const there = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    const why = there
      ? 'It is there already; give another name.'
      : error instanceof Error
        ? error.message
        : String(error);
    throw new LoomError('usage', `${file} could not be written. ${why}`);
  }
  if (!quiet) tell(`Written: ${file}`);
}
