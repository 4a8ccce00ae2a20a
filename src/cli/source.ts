import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { findInHubCache } from '../core/hub/cache.node.ts';
import {
  type Checkpoint,
  type FileSet,
  LoomError,
  openCheckpoint,
  openHubRepo,
  parseRepoReference,
} from '../core/index.ts';
import { openLocal } from '../core/source/folder.node.ts';
import { type AssumeFlags, type OutputOptions, withAssume, withOutput } from './common.ts';
import { tell } from './terminal.ts';

export interface SourceFlags {
  readonly endpoint?: string;
}

export interface OpenedSource {
  readonly files: FileSet;
  /** The local file or folder that is read, null for the Hub. */
  readonly path: string | null;
  /** The repo and commit that it is, as far as is known. */
  readonly origin: { readonly repo: string | null; readonly revision: string | null };
}

/** What `<source>` may be, for help texts. */
export const SOURCE_HELP = 'a folder, a file, a Hub cache folder, or org/name[@revision]';

/** Flags of a command that reads a checkpoint and says something of it. */
export interface ReadingFlags extends OutputOptions, SourceFlags, AssumeFlags {}

/** The options of {@link ReadingFlags}. */
export function withReading(command: Command): Command {
  return withAssume(withSource(withOutput(command)));
}

/** `--endpoint`, which every command that reads a source has. */
export function withSource(command: Command): Command {
  return command.option('--endpoint <url>', 'the Hub to ask (or HF_ENDPOINT); HF_TOKEN is sent there alone');
}

/**
 * Opens what a user names: a path that exists, else a Hub repo, from the local Hub cache when it is there.
 *
 * @throws LoomError `path-not-found` for what is neither, and what opening throws.
 */
export async function openSource(source: string, flags: SourceFlags, signal: AbortSignal): Promise<OpenedSource> {
  if (await stat(source).catch(() => null))
    return { files: await openLocal(source), path: source, origin: { repo: null, revision: null } };
  if (looksLikePath(source))
    throw new LoomError('path-not-found', `There is no file or folder ${source}.`, { file: source });
  const reference = parseRepoReference(source);
  const cached = await findInHubCache(reference, process.env);
  if (cached !== null) {
    tell(`Reading ${reference.repo} from the local Hub cache: ${cached}`);
    const revision = /snapshots[\\/]([0-9a-f]{40})/.exec(cached)?.[1] ?? null;
    return { files: await openLocal(cached), path: cached, origin: { repo: reference.repo, revision } };
  }
  const endpoint = flags.endpoint ?? process.env.HF_ENDPOINT;
  const files = await openHubRepo(reference, { endpoint, token: process.env.HF_TOKEN, signal });
  return { files, path: null, origin: { repo: files.repo, revision: files.commit } };
}

/** {@link openSource} and its headers. */
export async function openCheckpointAt(
  source: string,
  flags: SourceFlags,
  signal: AbortSignal,
): Promise<OpenedSource & { readonly checkpoint: Checkpoint }> {
  const opened = await openSource(source, flags, signal);
  return { ...opened, checkpoint: await openCheckpoint(opened.files, { signal }) };
}

function looksLikePath(source: string): boolean {
  return (
    /^[./~\\]/.test(source) || /\.(safetensors|json)$/.test(source) || (!source.includes('/') && !source.includes(':'))
  );
}
