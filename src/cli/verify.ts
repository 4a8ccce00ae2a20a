import type { Command } from 'commander';
import { formatInteger, plural, type Verification, verifyCheckpoints } from '../core/index.ts';
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
import { openCheckpointAt, SOURCE_HELP, type SourceFlags, withSource } from './source.ts';

/** Differences that a person is shown; `--json` has them all. */
const SHOWN = 20;

/** `moe-loom verify <original> <converted>`: exit 1 when they are not equal. */
export function addVerify(program: Command): void {
  const command = program
    .command('verify')
    .description('compare two checkpoints byte by byte, whatever their layouts')
    .argument('<original>', SOURCE_HELP)
    .argument('<converted>', SOURCE_HELP);
  withAssume(withSource(withOutput(command))).action(
    async (original: string, converted: string, options: OutputOptions & SourceFlags & AssumeFlags) => {
      const signal = interruptSignal();
      const [left, right] = await Promise.all([
        openCheckpointAt(original, options, signal),
        openCheckpointAt(converted, options, signal),
      ]);
      const verification = await verifyCheckpoints(left, right, { signal, ...assumption(options) });
      if (options.json) printJson(verifyJson(verification));
      else print(describeVerification(verification));
      if (!verification.equal) process.exitCode = 1;
    },
  );
}

/** What `verify --json` prints: a contract; `mistakes` was added to it. */
export function verifyJson({ equal, tensors, bytes, differences, mistakes }: Verification) {
  return { equal, tensors, bytes, differences, mistakes };
}

export function describeVerification(verification: Verification): string[] {
  const { equal, tensors, bytes, differences, mistakes, layers } = verification;
  const scope = layers ? ` (the converted checkpoint is partial: layers ${layers.join(', ')} alone were compared)` : '';
  const compared = `${plural(tensors, 'tensor')}, ${formatInteger(bytes)} bytes compared${scope}`;
  if (equal) return [`Equal: ${compared}.`];
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
  return ['What happened', ...lines, ...more(mistakes.length - SHOWN)];
}

function shown(lines: readonly string[], limit: number): string[] {
  return [...lines.slice(0, limit), ...more(lines.length - limit)];
}

function more(count: number): string[] {
  return count > 0 ? [`  … and ${formatInteger(count)} more.`] : [];
}
