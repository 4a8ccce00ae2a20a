import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { type CheckResult, checkFiles, plural } from '../core/index.ts';
import { openLocal } from '../core/source/folder.node.ts';
import { interruptSignal, type OutputOptions, print, printJson, withOutput } from './common.ts';

/** `moe-loom check <file-or-folder>…`: exit 1 when any file breaks a rule of the format. */
export function addCheck(program: Command): void {
  const command = program
    .command('check')
    .description('check safetensors files and indexes against the rules of the format')
    .argument('<paths...>', 'files or folders');
  withOutput(command).action(async (paths: string[], options: OutputOptions) => {
    const signal = interruptSignal();
    const results: CheckResult[] = [];
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
async function checkPath(path: string, signal: AbortSignal): Promise<CheckResult> {
  const isIndex = path.endsWith('.safetensors.index.json') && (await stat(path).catch(() => null))?.isFile();
  if (!isIndex) return checkFiles(await openLocal(path, { alone: true }), signal);
  const all = await checkFiles(await openLocal(dirname(path)), signal);
  const name = path.slice(path.lastIndexOf('/') + 1);
  return { files: all.files.filter((file) => file.file === name), findings: all.findings };
}

function relabel(result: CheckResult, path: string, several: boolean): CheckResult {
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
