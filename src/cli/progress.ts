import { formatBytes, formatDuration, type Progress, type PublishProgress } from '../core/index.ts';
import { drawLine, eraseLine, tell } from './terminal.ts';

/** Rates are measured over this many seconds. */
const WINDOW_SECONDS = 5;
const REDRAW_MS = 200;

/**
 * One line on a terminal's standard error: bytes done of bytes to do, rate, time left. Silent elsewhere, but for SIGUSR1, at
 * which it is printed once.
 */
export function createProgressLine(quiet: boolean) {
  return createLine<Progress>(quiet, lineOf);
}

/** {@link createProgressLine} of a publication. */
export function createByteLine(quiet: boolean) {
  return createLine<PublishProgress>(quiet, ({ phase, file, done, total }, rate) => {
    if (phase === 'commit') return 'Committing';
    const verb = phase === 'hash' ? 'Hashing' : 'Uploading';
    return `${verb} ${file ?? ''}: ${amounts(done, total, rate)}`;
  });
}

function createLine<T extends { readonly done: number }>(quiet: boolean, words: (progress: T, rate: number) => string) {
  const { stderr } = process;
  const samples: { at: number; done: number }[] = [];
  let drawn = 0;
  let sampled = 0;
  let last: T | null = null;
  const sayNow = () => tell(last === null ? 'Nothing is done yet.' : words(last, rateOf(samples)));
  process.on('SIGUSR1', sayNow);
  const update = (progress: T) => {
    last = progress;
    const now = performance.now();
    if (now - sampled < REDRAW_MS) return;
    sampled = now;
    // Another phase counts from the start again.
    if (progress.done < (samples.at(-1)?.done ?? 0)) samples.length = 0;
    samples.push({ at: now, done: progress.done });
    while (samples.length > 2 && now - (samples[0]?.at ?? 0) > WINDOW_SECONDS * 1000) samples.shift();
    if (quiet || !stderr.isTTY) return;
    drawn = now;
    drawLine(words(progress, rateOf(samples)));
  };
  const end = () => {
    process.off('SIGUSR1', sayNow);
    if (drawn > 0) eraseLine();
  };
  return { update, end };
}

function rateOf(samples: readonly { at: number; done: number }[]): number {
  const first = samples[0];
  const last = samples.at(-1);
  if (!first || !last || last.at === first.at) return 0;
  return ((last.done - first.done) / (last.at - first.at)) * 1000;
}

function lineOf(progress: Progress, rate: number): string {
  const verb = progress.phase === 'write' ? 'Writing' : progress.phase === 'verify' ? 'Proving' : 'Finishing';
  const file = progress.file ? ` ${progress.file} (${progress.shardsDone + 1} of ${progress.shards})` : '';
  return `${verb}${file}: ${amounts(progress.done, progress.total, rate)}`;
}

function amounts(done: number, total: number, rate: number): string {
  const left = rate > 0 ? `, ${formatDuration((total - done) / rate)} left` : '';
  return `${formatBytes(done)} of ${formatBytes(total)}, ${formatBytes(Math.round(rate))}/s${left}`;
}
