import { runProgram } from '../program.ts';

/** What a command wrote on each stream, and how it ended. */
export interface Captured {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs the command line in this process. */
export async function capture(...args: readonly string[]): Promise<Captured> {
  const streams = ['stdout', 'stderr'] as const;
  const written = { stdout: '', stderr: '' };
  const writers = streams.map((name) => process[name].write);
  const { exitCode } = process;
  const known = new Map(SIGNALS.map((signal) => [signal, process.listeners(signal)]));
  try {
    process.exitCode = 0;
    for (const name of streams)
      process[name].write = ((chunk: string | Uint8Array) => {
        written[name] += typeof chunk === 'string' ? chunk : new TextDecoder().decode(chunk);
        return true;
      }) as typeof process.stdout.write;
    await runProgram(args);
    return { code: Number(process.exitCode), ...written };
  } finally {
    for (const [at, name] of streams.entries()) process[name].write = writers[at] as typeof process.stdout.write;
    process.exitCode = exitCode;
    for (const signal of SIGNALS)
      for (const each of process.listeners(signal)) if (!known.get(signal)?.includes(each)) process.off(signal, each);
  }
}
