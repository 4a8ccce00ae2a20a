/** Rates are told over this many seconds. */
const WINDOW_MS = 5000;

export interface Sample {
  readonly at: number;
  readonly done: number;
}

export interface Pace {
  /** Bytes a second over the last seconds; null while too little is known. */
  readonly rate: number | null;
  /** Seconds, null while the rate is not known or nothing moves. */
  readonly left: number | null;
}

/** Adds a sample and drops those that are older than the window, except one that the window starts in. */
export function addSample(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  const next = [...samples, sample];
  const from = sample.at - WINDOW_MS;
  const first = next.findLastIndex((known) => known.at <= from);
  return first > 0 ? next.slice(first) : next;
}

/** How fast it goes at `now`, standing still included. */
export function paceOf(samples: readonly Sample[], now: number, total: number): Pace {
  const first = samples.find((sample) => sample.at >= now - WINDOW_MS) ?? samples.at(-1);
  const last = samples.at(-1);
  if (!first || !last) return { rate: null, left: null };
  const span = now - first.at;
  if (span < 500) return { rate: null, left: null };
  const rate = ((last.done - first.done) / span) * 1000;
  return { rate, left: rate > 0 ? (total - last.done) / rate : null };
}
