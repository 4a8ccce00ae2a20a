import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import {
  type Cause,
  type CheckResult,
  causesOf,
  checkFiles,
  detectLayout,
  type FileSet,
  type Finding,
  isLoomError,
  LoomError,
  openCheckpoint,
  plural,
  QUANT_TAGS,
} from '../core/index.ts';
import { openLocal } from '../core/source/folder.node.ts';
import { annotation, type CheckNote, sarifLog } from './check-notes.ts';
import { withChoices } from './choices.ts';
import { interruptSignal, type OutputOptions, print, printJson, withOutput } from './common.ts';
import { printCode, printJsonFile } from './terminal.ts';

/** What is said of a path: its files, and what is wrong between them. */
interface Checked extends Pick<CheckResult, 'files'> {
  readonly findings: readonly (Cause & Pick<Finding, 'file' | 'tensor'>)[];
  /** The folder in which these names are. */
  readonly folder: string;
}

interface CheckFlags extends OutputOptions {
  readonly format?: string;
}

const FORMATS = ['text', 'json', 'sarif', 'github'] as const;
type Format = (typeof FORMATS)[number];

/** `moe-loom check <file-or-folder>…`: exit 1 when any file breaks a rule of the format, or a model lacks tensors. */
export function addCheck(program: Command): void {
  const command = program
    .command('check')
    .description('check safetensors files and indexes against the rules of the format')
    .argument('<paths...>', 'files or folders')
    .option(
      '--format <format>',
      'text; json, the same as --json; sarif for code scanning; github: workflow commands, which GitHub Actions shows beside the files (default text)',
    );
  withChoices(command, { '--format': FORMATS });
  withOutput(command).action(async (paths: string[], flags: CheckFlags) => {
    const format = formatOf(flags);
    const signal = interruptSignal();
    const results: Checked[] = [];
    for (const path of paths) results.push(await checked(path, format, signal));
    const files = results.flatMap((result, at) => labelled(result, paths[at] ?? '', paths.length > 1));
    const found = results.flatMap((result) => result.findings);
    const findings = found.map(({ tag, message }) => ({ tag, message }));
    const noted = results.flatMap(notesOf);
    if (format === 'json') printJson({ files, findings });
    else if (format === 'sarif') printJsonFile(sarifLog(noted, process.cwd()));
    else if (format === 'github') for (const note of noted) printCode(annotation(note, process.cwd()));
    else print(describeCheck(files, findings));
    if (files.some((file) => !file.valid) || found.some((finding) => finding.severity === 'error'))
      process.exitCode = 1;
  });
}

/** @throws LoomError `usage`. */
function formatOf({ format, json }: CheckFlags): Format {
  const found = FORMATS.find((each) => each === (format ?? (json ? 'json' : 'text')));
  if (!found) throw new LoomError('usage', `--format takes ${FORMATS.join(', ')}; "${format}" is not one of them.`);
  if (json && found !== 'json')
    throw new LoomError('usage', `--json and --format ${found} contradict each other. Give one of them.`);
  return found;
}

/** {@link checkPath}; for GitHub, a path that cannot be read gets an annotation too. */
async function checked(path: string, format: Format, signal: AbortSignal): Promise<Checked> {
  try {
    return await checkPath(path, signal);
  } catch (error) {
    if (format === 'github' && isLoomError(error)) {
      const { tag, message } = error;
      printCode(annotation({ tag, message, level: 'error', path: null }, process.cwd()));
    }
    throw error;
  }
}

/** What is wrong in and between the files of a path, each with the file that shows it: its own, the index, or the first. */
function notesOf({ files, findings, folder }: Checked): CheckNote[] {
  const usual = files.find(({ file }) => file.endsWith('.index.json')) ?? files[0];
  const pathOf = (file = usual?.file) => (file === undefined ? folder : join(folder, file));
  return [
    ...files.flatMap(({ file, error, byte, tensor }): CheckNote[] =>
      error ? [{ ...error, level: 'error', path: pathOf(file), byte, tensor }] : [],
    ),
    ...findings.map(({ tag, message, severity, file, tensor }): CheckNote => {
      return { tag, message, level: severity, path: pathOf(file), tensor };
    }),
  ];
}

/** An index is checked with the shards beside it. */
async function checkPath(path: string, signal: AbortSignal): Promise<Checked> {
  const found = await stat(path).catch(() => null);
  const isIndex = path.endsWith('.safetensors.index.json') && found?.isFile();
  if (!isIndex) {
    const files = await openLocal(path, { alone: true });
    const result = await checkFiles(files, signal);
    if (found?.isDirectory()) return { ...(await withMissing(result, files, signal)), folder: path };
    return { ...result, folder: dirname(path) };
  }
  const all = await checkFiles(await openLocal(dirname(path)), signal);
  const name = path.slice(path.lastIndexOf('/') + 1);
  return { files: all.files.filter((file) => file.file === name), findings: all.findings, folder: dirname(path) };
}

/** What only a model's config shows to be wrong. */
const OF_MODELS: ReadonlySet<string> = new Set(['tensor-missing', ...QUANT_TAGS]);

/** Of a folder with a config, whose files are valid, also what the model lacks, and what its quantised experts do. */
async function withMissing(
  result: CheckResult,
  files: FileSet,
  signal: AbortSignal,
): Promise<Pick<Checked, 'files' | 'findings'>> {
  const { findings } = result;
  if (result.files.some(({ valid }) => !valid) || findings.some(({ severity }) => severity === 'error')) return result;
  const names = (await files.list({ signal })).map(({ name }) => name);
  if (!names.includes('config.json')) return result;
  const checkpoint = await openCheckpoint(files, { signal });
  const more = causesOf(checkpoint, detectLayout(checkpoint)).filter(({ tag }) => OF_MODELS.has(tag));
  return { ...result, findings: [...findings, ...more] };
}

function labelled({ files }: Checked, path: string, several: boolean) {
  return files.map(({ file, valid, error }) => {
    const label = path.endsWith(file) ? path : `${path}/${file}`;
    return { file: several ? label : file, valid, error };
  });
}

function describeCheck(files: CheckResult['files'], findings: readonly { tag: string; message: string }[]): string[] {
  const bad = files.filter((file) => !file.valid);
  return [
    ...bad.map((file) => `invalid  ${file.file}: ${file.error?.message} [${file.error?.tag}]`),
    ...findings.map((finding) => `! ${finding.message} [${finding.tag}]`),
    bad.length === 0
      ? `${plural(files.length, 'file')} valid.`
      : `${bad.length} of ${plural(files.length, 'file')} invalid.`,
  ];
}
