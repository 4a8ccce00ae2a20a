import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import {
  type Cause,
  type CheckResult,
  causesOf,
  checkFiles,
  detectLayout,
  type FileSet,
  openCheckpoint,
  plural,
} from '../core/index.ts';
import { openLocal } from '../core/source/folder.node.ts';
import { interruptSignal, type OutputOptions, print, printJson, withOutput } from './common.ts';

/** What is said of a path: its files, and what is wrong between them. */
interface Checked extends Pick<CheckResult, 'files'> {
  readonly findings: readonly Cause[];
}

/** `moe-loom check <file-or-folder>…`: exit 1 when any file breaks a rule of the format, or a model lacks tensors. */
export function addCheck(program: Command): void {
  const command = program
    .command('check')
    .description('check safetensors files and indexes against the rules of the format')
    .argument('<paths...>', 'files or folders');
  withOutput(command).action(async (paths: string[], options: OutputOptions) => {
    const signal = interruptSignal();
    const results: Checked[] = [];
    for (const path of paths) results.push(relabel(await checkPath(path, signal), path, paths.length > 1));
    const files = results.flatMap((result) => result.files);
    const found = results.flatMap((result) => result.findings);
    const findings = found.map(({ tag, message }) => ({ tag, message }));
    if (options.json) printJson({ files, findings });
    else print(describeCheck(files, findings));
    if (files.some((file) => !file.valid) || found.some((finding) => finding.severity === 'error'))
      process.exitCode = 1;
  });
}

/** An index is checked with the shards beside it. */
async function checkPath(path: string, signal: AbortSignal): Promise<Checked> {
  const found = await stat(path).catch(() => null);
  const isIndex = path.endsWith('.safetensors.index.json') && found?.isFile();
  if (!isIndex) {
    const files = await openLocal(path, { alone: true });
    const result = await checkFiles(files, signal);
    return found?.isDirectory() ? withMissing(result, files, signal) : result;
  }
  const all = await checkFiles(await openLocal(dirname(path)), signal);
  const name = path.slice(path.lastIndexOf('/') + 1);
  return { files: all.files.filter((file) => file.file === name), findings: all.findings };
}

/** Of a folder with a config, whose files are valid, also what the model lacks. */
async function withMissing(result: Checked, files: FileSet, signal: AbortSignal): Promise<Checked> {
  const { findings } = result;
  if (result.files.some(({ valid }) => !valid) || findings.some(({ severity }) => severity === 'error')) return result;
  const names = (await files.list({ signal })).map(({ name }) => name);
  if (!names.includes('config.json')) return result;
  const checkpoint = await openCheckpoint(files, { signal });
  const missing = causesOf(checkpoint, detectLayout(checkpoint)).filter(({ tag }) => tag === 'tensor-missing');
  return { ...result, findings: [...findings, ...missing] };
}

function relabel(result: Checked, path: string, several: boolean): Checked {
  if (!several) return result;
  return {
    ...result,
    files: result.files.map((file) => ({ ...file, file: path.endsWith(file.file) ? path : `${path}/${file.file}` })),
  };
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
