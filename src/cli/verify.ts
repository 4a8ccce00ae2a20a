import type { Command } from 'commander';
import { createNodeDigest } from '../core/convert/sha256.node.ts';
import {
  type Checkpoint,
  formatInteger,
  LoomError,
  plural,
  type SourceVerification,
  type Verification,
  verifyCheckpoints,
  verifySourceHashes,
} from '../core/index.ts';
import {
  type AssumeFlags,
  assumption,
  interruptSignal,
  type OutputOptions,
  print,
  printJson,
  withAssume,
  withOutput,
} from './common.ts';
import { refuseUnread, tellErrors } from './damage.ts';
import { openCheckpointAt, openSource, SOURCE_HELP, type SourceFlags, withSource } from './source.ts';

/** Differences that a person is shown; `--json` has them all. */
const SHOWN = 20;

interface VerifyFlags extends OutputOptions, SourceFlags, AssumeFlags {
  readonly sourceHashes?: boolean;
}

/** `moe-loom verify <original> [converted]`: exit 1 when they differ, or when a file does not match its stated hash. */
export function addVerify(program: Command): void {
  const command = program
    .command('verify')
    .description('compare two checkpoints byte by byte across layouts, or check a source against its stated hashes')
    .argument('<original>', SOURCE_HELP)
    .argument('[converted]', SOURCE_HELP)
    .option('--source-hashes', 'read every file of the original that has a stated sha256 (Hub, Hub cache) and compare');
  withAssume(withSource(withOutput(command))).action(
    async (original: string, converted: string | undefined, options: VerifyFlags) => {
      const signal = interruptSignal();
      if (converted === undefined && !options.sourceHashes)
        throw new LoomError(
          'usage',
          'Give the converted checkpoint as the second argument, or add --source-hashes to check only the first.',
        );
      const hashes = options.sourceHashes ? await checkSource(original, options, signal) : null;
      const verification = converted === undefined ? null : await compare(original, converted, options, signal);
      if (options.json)
        printJson({ ...(verification ? verifyJson(verification) : {}), ...(hashes ? { sourceHashes: hashes } : {}) });
      else {
        if (hashes) print(describeSource(hashes));
        if (verification) print(describeVerification(verification));
      }
      if ((hashes?.wrong.length ?? 0) > 0 || verification?.equal === false) process.exitCode = 1;
    },
  );
}

async function compare(original: string, converted: string, options: SourceFlags & AssumeFlags, signal: AbortSignal) {
  const [left, right] = await Promise.all([
    openCheckpointAt(original, options, signal, 'tell'),
    openCheckpointAt(converted, options, signal, 'tell'),
  ]);
  refuseUnread(left.checkpoint, 'Original');
  refuseUnread(right.checkpoint, 'Converted');
  const verification = await verifyCheckpoints(left, right, { signal, ...assumption(options) });
  if (verification.differences.length > 0) {
    tellErrors(fileErrors('Original', left.checkpoint));
    tellErrors(fileErrors('Converted', right.checkpoint));
  }
  return verification;
}

/** What is the matter with the files of a side: why some of it has no partner. */
function fileErrors(side: string, { findings }: Checkpoint) {
  const errors = findings.filter(({ severity }) => severity === 'error');
  return errors.map(({ tag, message }) => ({ tag, message: `${side}: ${message}` }));
}

/** @throws LoomError `usage` when no hash is stated: success would then prove nothing. */
async function checkSource(original: string, options: SourceFlags, signal: AbortSignal): Promise<SourceVerification> {
  const { files } = await openSource(original, options, signal);
  const found = await verifySourceHashes(files, { digest: createNodeDigest, signal });
  if (found.checked.length + found.wrong.length > 0) return found;
  const message = `${files.identity} states no sha256 for any of its files, so nothing can be checked. Give a Hub repo or a Hub cache folder.`;
  throw new LoomError('usage', message);
}

export function describeSource({ checked, wrong, unchecked, bytes }: SourceVerification): string[] {
  const read = `${formatInteger(bytes)} bytes read`;
  const all = checked.length + wrong.length;
  const head =
    wrong.length === 0
      ? `${plural(all, 'file')} ${all === 1 ? 'matches' : 'match'} the sha256 that the source states (${read}).`
      : `${wrong.length} of ${plural(all, 'file')} ${wrong.length === 1 ? 'does' : 'do'} not match the sha256 that the source states (${read}).`;
  return [
    head,
    ...wrong.map(({ file, stated, found }) => `  ${file}: stated ${stated}, read ${found}`),
    ...(wrong.length > 0
      ? ['Download these files again, then repeat the check. If they are in the Hub cache, delete them there first.']
      : []),
    ...(unchecked.length > 0
      ? [`No sha256 is stated for ${plural(unchecked.length, 'file')} of weights, so they were not checked.`]
      : []),
  ];
}

/** What `verify --json` prints: a contract; added to it were `mistakes`, `incomplete` where it is not null, and `sourceHashes` where asked for. */
export function verifyJson({ equal, tensors, bytes, differences, mistakes, incomplete }: Verification) {
  return { equal, tensors, bytes, differences, mistakes, ...(incomplete === null ? {} : { incomplete }) };
}

export function describeVerification(verification: Verification): string[] {
  const { equal, tensors, bytes, differences, mistakes, layers, incomplete } = verification;
  const scope = layers ? ` (the converted checkpoint is partial: only layers ${layers.join(', ')} were compared)` : '';
  const compared = `${plural(tensors, 'tensor')}, ${formatInteger(bytes)} bytes compared${scope}`;
  if (equal) return [`Equal: ${compared}.`];
  if (differences.length === 0 && incomplete !== null)
    return [
      `The compared part is equal (${compared}), but the original is incomplete, so equality is not proven. ${incomplete}`,
    ];
  const lines = differences.map(({ tensor, reason }) => `  ${tensor} ${reason}`);
  return [
    `Not equal: ${plural(differences.length, 'difference')}, ${compared}.`,
    ...describeMistakes(mistakes),
    ...(mistakes.length > 0 ? ['Differences'] : []),
    ...shown(lines, SHOWN),
  ];
}

/** What happened, then what to do about it, once for mistakes that follow each other and have the same cure. */
function describeMistakes(mistakes: Verification['mistakes']): string[] {
  if (mistakes.length === 0) return [];
  const seen = mistakes.slice(0, SHOWN);
  const lines = seen.flatMap(({ message, cure }, at) =>
    seen[at + 1]?.cure === cure ? [`  ${message}`] : [`  ${message}`, `    ${cure}`],
  );
  return ['Diagnosis', ...lines, ...more(mistakes.length - SHOWN)];
}

function shown(lines: readonly string[], limit: number): string[] {
  return [...lines.slice(0, limit), ...more(lines.length - limit)];
}

function more(count: number): string[] {
  return count > 0 ? [`  … and ${formatInteger(count)} more.`] : [];
}
