import { readdir, realpath, stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { createNodeDigest } from '../core/convert/sha256.node.ts';
import { findToken, isOffline, stallMsOf } from '../core/hub/token.node.ts';
import {
  checkFolder,
  detectLayout,
  errorsOf,
  type FileSet,
  formatBytes,
  formatInteger,
  HUB_ENDPOINT,
  hfUploadCommand,
  hubAddress,
  isLoomError,
  LoomError,
  openCheckpoint,
  type Proof,
  type PublishFolder,
  type PublishPreview,
  type PublishReport,
  type PublishTarget,
  parseProof,
  parsePublishTarget,
  plural,
  previewPublication,
  publishFolder,
  REPORT_FILE,
} from '../core/index.ts';
import { openPublishJournal } from '../core/publish/journal.node.ts';
import { createNodeFetch } from '../core/source/fetch.node.ts';
import { openLocal } from '../core/source/folder.node.ts';
import { interruptSignal, type OutputOptions, print, printJson, withOutput } from './common.ts';
import { createByteLine } from './progress.ts';
import { tell } from './terminal.ts';
import { createWaiting } from './waiting.ts';

interface PublishFlags extends OutputOptions {
  readonly repo: string;
  readonly branch?: string;
  readonly private?: boolean;
  readonly message?: string;
  readonly upload?: boolean;
  readonly dryRun?: boolean;
  readonly endpoint?: string;
}

/** `moe-loom publish <folder> --repo org/name`: the command that uploads a converted folder, or with `--upload` the upload itself. */
export function addPublish(program: Command): void {
  const command = program
    .command('publish')
    .description('check a converted folder and print the command that uploads it to the Hub, or upload it')
    .argument('<folder>', 'a finished folder: weights, config, card and report')
    .requiredOption('--repo <org/name>', 'the repository; it is made if it does not exist')
    .option('--branch <name>', 'the branch; it is made if it does not exist (default main)')
    .option('--revision <name>', 'the same as --branch')
    .option('--private', 'make the repository private; one that is public is refused')
    .option('--message <text>', 'title of the commit (with --upload)')
    .option('--upload', 'upload: large files first, then one commit; run it again to resume')
    .option('--dry-run', 'hash the files and ask the Hub what --upload would send, and change nothing')
    .option(
      '--endpoint <url>',
      'the Hub to use (or HF_ENDPOINT); the token (HF_TOKEN, hf auth login) is sent only to it',
    );
  withOutput(command).action(async (path: string, flags: PublishFlags & { readonly revision?: string }) => {
    if (flags.branch !== undefined && flags.revision !== undefined && flags.branch !== flags.revision)
      throw new LoomError(
        'usage',
        '--branch and --revision say the same thing, and name two branches. Give one of them.',
      );
    const target = parsePublishTarget(flags.repo, flags.branch ?? flags.revision);
    const signal = interruptSignal();
    const { files, folder } = await openPublishable(path, signal);
    if (!flags.upload && !flags.dryRun) {
      explain(path, target, folder, flags);
      return;
    }
    const options = { ...(await uploadOptions(files, folder, target, flags, signal)), signal };
    for (const note of folder.notes) tell(`Note: ${note}`);
    const line = createByteLine(flags.quiet === true);
    if (flags.dryRun) {
      const preview = await previewPublication({ ...options, onProgress: line.update }).finally(line.end);
      if (flags.json) printJson({ action: 'dry-run', ...preview });
      else print(describePreview(preview));
      return;
    }
    let taken = 0;
    const onFile = (file: string, bytes: number) => {
      taken += bytes;
      line.end();
      if (!flags.quiet) tell(`The Hub has ${file} (${formatBytes(bytes)}).`);
    };
    const report = await publishFolder({ ...options, onFile, onProgress: line.update })
      .catch((error: unknown) => {
        line.end();
        if (taken > 0 || (isLoomError(error) && (error.tag === 'cancelled' || error.retryable)))
          tell(
            'What the Hub has received stays there, and nothing was committed. Run the same command again to resume.',
          );
        throw error;
      })
      .finally(line.end);
    if (flags.json) printJson({ action: 'upload', ...report });
    else print(describePublication(report));
  });
}

/**
 * The files of a folder, checked: finished, readable as a checkpoint, and with a report that proves it or none.
 *
 * @throws LoomError `path-not-found`, `not-a-file`, `checkpoint-defective`, and as `checkFolder` and `parseProof`.
 */
async function openPublishable(
  path: string,
  signal: AbortSignal,
): Promise<{ readonly files: FileSet; readonly folder: PublishFolder }> {
  const info = await stat(path).catch(() => null);
  if (info === null) throw new LoomError('path-not-found', `There is no folder ${path}.`, { file: path });
  if (!info.isDirectory())
    throw new LoomError('not-a-file', `${path} is a file. Give the folder that holds the model.`, { file: path });
  const files = await openLocal(path, { onNote: tell });
  const entries = await files.list({ signal });
  const proof = entries.some(({ name }) => name === REPORT_FILE) ? await readProof(files, signal) : null;
  const folder = checkFolder(path, entries, await readdir(path, { recursive: true }), proof);
  const checkpoint = await openCheckpoint(files, { signal });
  const [error] = errorsOf(checkpoint, detectLayout(checkpoint));
  if (error)
    throw new LoomError(
      'checkpoint-defective',
      `${error.message} Nothing was published: \`moe-loom check\` lists what is wrong.`,
    );
  return { files, folder };
}

async function readProof(files: FileSet, signal: AbortSignal): Promise<Proof> {
  const source = await files.open(REPORT_FILE, { signal });
  try {
    const bytes = await source.read({ start: 0, end: source.byteLength }, { signal });
    return parseProof(new TextDecoder().decode(bytes), REPORT_FILE);
  } finally {
    await source.dispose?.();
  }
}

async function uploadOptions(
  files: FileSet,
  folder: PublishFolder,
  target: PublishTarget,
  flags: PublishFlags,
  signal: AbortSignal,
) {
  const endpoint = hubAddress(flags.endpoint || process.env.HF_ENDPOINT || HUB_ENDPOINT);
  if (isOffline(process.env))
    throw new LoomError('usage', 'HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set, so nothing is uploaded. Remove it.');
  const found = await findToken(process.env);
  const { host } = new URL(endpoint);
  if (found) tell(`The token of ${found.from} is sent to ${host}, and to no other host.`);
  const waiting = createWaiting(host, signal);
  return {
    target,
    files,
    folder,
    journal: await openPublishJournal({ ...target, endpoint, folder: await realpath(files.identity) }, process.env),
    message: flags.message ?? 'Upload a checkpoint converted with moe-loom',
    private: flags.private === true,
    endpoint,
    token: found?.token,
    createDigest: createNodeDigest,
    fetch: createNodeFetch(process.env),
    stallMs: stallMsOf(process.env),
    onPause: waiting.pause,
    onRetry: waiting.retry,
  };
}

function explain(path: string, target: PublishTarget, folder: PublishFolder, flags: PublishFlags): void {
  const command = hfUploadCommand({ ...target, folder: path, private: flags.private === true });
  const { files, bytes, proof, notes } = folder;
  if (flags.json) {
    const listed = files.map(({ name, byteLength }) => ({ file: name, bytes: byteLength }));
    printJson({
      action: 'explain',
      ...target,
      private: flags.private === true,
      command,
      bytes,
      files: listed,
      proven: proof !== null,
      notes,
    });
    return;
  }
  const { length } = files;
  print([
    `${plural(length, 'file')}, ${formatBytes(bytes)}, ${length === 1 ? 'is' : 'are'} ready for ${target.repo} (branch ${target.branch}).`,
    ...notes.map((note) => `Note: ${note}`),
    'This command of huggingface_hub uploads them in several commits, and resumes if you run it again:',
  ]);
  print(['', command, ''], 'whole');
  print([
    'With --upload, moe-loom uploads them itself: it compares the SHA-256 of each shard with the report, and makes one commit after every large file has arrived.',
  ]);
}

function describePreview({ repo, branch, exists, files, unchanged, bytes }: PublishPreview): string[] {
  const where = exists ? `${repo} (branch ${branch})` : `${repo} (branch ${branch}, which --upload would make)`;
  return [
    `--upload would send ${plural(files.length - unchanged, 'file')}, at most ${formatBytes(bytes)}, to ${where}.`,
    ...(unchanged > 0
      ? [`${plural(unchanged, 'file')} ${unchanged === 1 ? 'is' : 'are'} there with the same bytes.`]
      : []),
    ...files.flatMap(({ file, sha256 }) => (sha256 === null ? [] : [`SHA-256 ${sha256}  ${file}`])),
  ];
}

function describePublication({ repo, branch, commit, url, created, committed, files, sent }: PublishReport): string[] {
  const count = files.filter(({ state }) => state === 'committed').length;
  return [
    committed
      ? `Published ${plural(count, 'file')} to ${repo} (branch ${branch}) as commit ${commit}.`
      : `${repo} (branch ${branch}) has every file already, so no commit was made.`,
    ...(created ? [`${repo} was made.`] : []),
    `Large files: ${formatInteger(sent)} bytes were sent.`,
    url,
  ];
}
