import { vi } from 'vitest';
import { runProgram } from '../program.ts';

/** What a command wrote on each stream, and how it ended. */
export interface Captured {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command in this process. */
export async function capture(...args: readonly string[]): Promise<Captured> {
  const written = { stdout: '', stderr: '' };
  const before = process.exitCode;
  process.exitCode = 0;
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      written[name] += String(text);
      return true;
    }),
  );
  try {
    await runProgram(args);
    return { code: Number(process.exitCode ?? 0), ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
    process.exitCode = before;
    // Each run waits for signals; none of these is to come.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.removeAllListeners(signal);
  }
}
