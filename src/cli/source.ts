import type { Command } from 'commander';
import { type Checkpoint, openCheckpoint } from '../core/index.ts';
import { type AssumeFlags, type OutputOptions, withAssume, withOutput } from './common.ts';
import { refuseUnread } from './damage.ts';
import { type OpenedSource, openSource, type SourceFlags } from './source-kinds.ts';

export { type OpenedSource, openSource, type SourceFlags } from './source-kinds.ts';

/** What `<source>` may be, for help texts. */
export const SOURCE_HELP =
  'a folder, a file of a checkpoint, a Hub cache folder, org/name[@revision], or the address of a model or of one of its files';

/** Flags of a command that reads a checkpoint and says something of it. */
export interface ReadingFlags extends OutputOptions, SourceFlags, AssumeFlags {}

/** The options of {@link ReadingFlags}. */
export function withReading(command: Command): Command {
  return withAssume(withSource(withOutput(command)));
}

/** `--endpoint`, `--cache`, `--no-cache` and `--no-index`, which every command that reads a source has. */
export function withSource(command: Command): Command {
  return command
    .option(
      '--endpoint <url>',
      'the Hub to use (or HF_ENDPOINT); the token (HF_TOKEN, hf auth login) is sent only to it',
    )
    .option('--cache', 'read only from the local Hub cache, without the network (or HF_HUB_OFFLINE=1)')
    .option('--no-cache', 'read from the Hub even if the local Hub cache has the files')
    .option('--no-index', 'read the shards without their index');
}

/**
 * {@link openSource} and its headers.
 *
 * `unread`: whether a file that could not be read this time is refused, or left to a command that can tell something without it.
 * @throws LoomError as `refuseUnread`, and what opening throws.
 */
export async function openCheckpointAt(
  source: string,
  flags: SourceFlags,
  signal: AbortSignal,
  unread: 'refuse' | 'tell' = 'refuse',
): Promise<OpenedSource & { readonly checkpoint: Checkpoint }> {
  const opened = await openSource(source, flags, signal);
  const index = flags.index === false ? 'none' : 'first';
  const checkpoint = await openCheckpoint(opened.files, { signal, index });
  if (unread === 'refuse') refuseUnread(checkpoint);
  return { ...opened, checkpoint };
}
