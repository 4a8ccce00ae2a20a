import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../../dist/cli/moe-loom.js', import.meta.url));

/** The built `moe-loom open`, running. */
export interface Opened {
  readonly port: number;
  /** The link as it was printed first. */
  readonly link: string;
  /** The link that was printed last. */
  next(): string;
  /** Asks it to end, as Ctrl-C does; gives its exit code. */
  end(): Promise<number | null>;
}

/** Starts `moe-loom open` on a free port; gives back once it answers. */
export async function startOpen(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Opened> {
  const child: ChildProcess = spawn(process.execPath, [BIN, 'open', ...args, '--json', '--port', '0'], {
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...env },
  });
  let stdout = '';
  let stderr = '';
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  child.stderr?.on('data', (data) => {
    stderr += data;
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', (data) => {
      stdout += data;
      if (stdout.includes('\n')) resolve();
    });
    void ended.then(() => reject(new Error(`open ended: ${stderr}`)));
  });
  const { link, port } = JSON.parse(stdout) as { link: string; port: number };
  return {
    port,
    link,
    next: () => [...stderr.matchAll(/http:\/\/127\S+/g)].at(-1)?.[0] ?? link,
    end: () => {
      child.kill('SIGINT');
      return ended;
    },
  };
}
