import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../dist/cli/moe-loom.js', import.meta.url));

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built program, as a user does. */
export function run(...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [BIN, ...args], { maxBuffer: 64e6 }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

/** The same with `--json`, read. */
export async function json(...args: string[]) {
  const outcome = await run(...args, '--json');
  return { code: outcome.code, value: JSON.parse(outcome.stdout), stderr: outcome.stderr };
}

/** Makes a folder with these files, sub-folders too. */
export function writeFolder(path: string, files: Readonly<Record<string, string | Uint8Array>>): string {
  mkdirSync(path, { recursive: true });
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(join(path, file, '..'), { recursive: true });
    writeFileSync(join(path, file), content);
  }
  return path;
}
