import type { Command } from 'commander';
import { formatInteger, openCheckpoint, plural, type Verification, verifyCheckpoints } from '../core/index.ts';
import { interruptSignal, type OutputOptions, openSource, print, printJson, withOutput } from './common.ts';

/** Differences that a person is shown; `--json` has them all. */
const SHOWN = 20;

/** `moe-loom verify <original> <converted>`: exit 1 when they are not equal. */
export function addVerify(program: Command): void {
  const command = program
    .command('verify')
    .description('compare two checkpoints byte by byte, whatever their layouts')
    .argument('<original>')
    .argument('<converted>');
  withOutput(command).action(async (original: string, converted: string, options: OutputOptions) => {
    const signal = interruptSignal();
    const [left, right] = await Promise.all([openSide(original, signal), openSide(converted, signal)]);
    const verification = await verifyCheckpoints(left, right, { signal });
    if (options.json) printJson(verifyJson(verification));
    else print(describeVerification(verification));
    if (!verification.equal) process.exitCode = 1;
  });
}

async function openSide(source: string, signal: AbortSignal) {
  const files = await openSource(source);
  return { files, checkpoint: await openCheckpoint(files, { signal }) };
}

/** What `verify --json` prints: a contract. */
export function verifyJson({ equal, tensors, bytes, differences }: Verification) {
  return { equal, tensors, bytes, differences };
}

export function describeVerification(verification: Verification): string[] {
  const { equal, tensors, bytes, differences, layers } = verification;
  const scope = layers ? ` (the converted checkpoint is partial: layers ${layers.join(', ')} alone were compared)` : '';
  const compared = `${plural(tensors, 'tensor')}, ${formatInteger(bytes)} bytes compared${scope}`;
  if (equal) return [`Equal: ${compared}.`];
  const more = differences.length > SHOWN ? [`… and ${differences.length - SHOWN} more.`] : [];
  return [
    `Not equal: ${plural(differences.length, 'difference')}, ${compared}.`,
    ...differences.slice(0, SHOWN).map((difference) => `  ${difference.tensor} ${difference.reason}`),
    ...more,
  ];
}
