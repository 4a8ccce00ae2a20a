/** `20261122-213005-stacked-4f1c`: the time in UTC, the target, and four random digits. */
const JOB = /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)-(.+)-[0-9a-f]{4}$/;

/** `20261122-213005-stacked-4f1c` → `stacked, 2026-11-22 21:30 UTC`. */
export function jobName(job: string): string {
  const [, year, month, day, hour, minute, , target] = JOB.exec(job) ?? [];
  return year === undefined ? job : `${target}, ${year}-${month}-${day} ${hour}:${minute} UTC`;
}

/** When a conversion was started, in milliseconds since the epoch; null when its name does not say. */
export function startedAt(job: string): number | null {
  const [, year, month, day, hour, minute, second] = JOB.exec(job) ?? [];
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? null : time;
}

/** A source with its commit cut to seven digits. */
export function shortSource(source: string): string {
  return source.replace(/@([0-9a-f]{7})[0-9a-f]{33}(?=$|\/)/, '@$1');
}

/** `Qwen3-30B-A3B-gate-up`: what a saved result is called. Letters, digits, `.`, `_` and `-` only, so that every system takes it. */
export function savedName(source: string, target: string): string {
  const model = /^job:/.test(source) ? 'result' : (source.replace(/@.*$/, '').split('/').at(-1) ?? '');
  const plain = model.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replace(/^[.-]+|[.-]+$/g, '');
  return `${plain.slice(0, 96) || 'model'}-${target}`;
}
