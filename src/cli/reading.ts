import { type Assumption, type Checkpoint, detectLayout, LoomError, readingEvidence } from '../core/index.ts';
import { assumption, VALUES } from './common.ts';
import { type OpenedSource, openCheckpointAt, type ReadingFlags } from './source.ts';
import { tell } from './terminal.ts';

/** A checkpoint and how it is to be read. */
export interface OpenedReading extends OpenedSource {
  readonly checkpoint: Checkpoint;
  readonly assumed: { readonly assume?: Assumption };
}

/**
 * Opens what a user names, and finds out what is assumed of it: with `--assume values` what the values of a layer support. A file that
 * could not be read this time is left to the command, unless values are to be read.
 *
 * @throws LoomError `usage` for an assumption that is none, `not-convertible` where values do not support one reading.
 */
export async function openAssuming(source: string, flags: ReadingFlags, signal: AbortSignal): Promise<OpenedReading> {
  if (flags.assume !== VALUES) {
    const assumed = assumption(flags);
    return { ...(await openCheckpointAt(source, flags, signal, 'tell')), assumed };
  }
  const opened = await openCheckpointAt(source, flags, signal);
  return { ...opened, assumed: await assumedByValues(opened, signal) };
}

async function assumedByValues(
  { checkpoint, files }: Pick<OpenedReading, 'checkpoint' | 'files'>,
  signal: AbortSignal,
): Promise<OpenedReading['assumed']> {
  const evidence = await readingEvidence(checkpoint, detectLayout(checkpoint), files, { signal });
  if (evidence.length === 0) {
    tell('No values were read, because the files decide how every layer is read.');
    return {};
  }
  const known = evidence.flatMap(({ assume }) => assume ?? []);
  const restsOn = evidence.map(({ message }) => message).join(' ');
  const same = new Set(known.map((assume) => JSON.stringify(assume))).size === 1;
  if (known.length < evidence.length || !same)
    throw new LoomError('not-convertible', `--assume values decides nothing here. ${restsOn}`);
  return { assume: { ...known[0], restsOn } };
}
