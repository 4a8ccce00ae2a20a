import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The project. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program in a folder, with these variables beside the ones of this process. */
export function runIn(
  cwd: string,
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(file, [...args], { cwd, env: { ...process.env, ...env }, maxBuffer: 64e6 }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

const PERMISSION = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission';

/** Flags of Node under which a program can read and write below this folder and nowhere else. */
export function confinedTo(folder: string, threads = true): string[] {
  return [
    '--no-warnings',
    PERMISSION,
    `--allow-fs-read=${folder}/*`,
    `--allow-fs-write=${folder}/*`,
    ...(threads ? ['--allow-worker'] : []),
  ];
}
