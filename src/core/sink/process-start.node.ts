import { readFile } from 'node:fs/promises';

let boot: Promise<string> | null = null;

/**
 * What tells a process from a later one with the same number: the boot of the system, and the tick since then at which
 * the process began. Null where the system does not say (only Linux does, in /proc), and for a process that has ended.
 */
export async function startOf(pid: number): Promise<string | null> {
  boot ??= readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (text === null) return null;
  // The name of the program, in parentheses, may hold anything; behind it come the state, and 18 fields later the start.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  return state === 'Z' || state === 'X' ? 'ended' : `${(await boot).trim()}:${fields[19]}`;
}
