import type { Clock } from './clock.ts';

interface Alarm {
  readonly at: number;
  readonly run: () => void;
}

/** A clock that stands still until it is told to go. */
export function handClock(): Clock & { advance(ms: number): void; readonly alarms: readonly number[] } {
  const alarms = new Set<Alarm>();
  let time = 1_000_000;
  return {
    now: () => time,
    after: (ms, run) => {
      const alarm = { at: time + ms, run };
      alarms.add(alarm);
      return () => alarms.delete(alarm);
    },
    get alarms() {
      return [...alarms].map(({ at }) => at - time).sort((a, b) => a - b);
    },
    advance: (ms) => {
      time += ms;
      for (const alarm of [...alarms].sort((a, b) => a.at - b.at)) {
        if (alarm.at > time || !alarms.delete(alarm)) continue;
        alarm.run();
      }
    },
  };
}

/** A clock on which every wait is over at once, though time passes. */
export function hastyClock(): Clock {
  let time = 1_000_000;
  return {
    now: () => time,
    after: (ms, run) => {
      let on = true;
      queueMicrotask(() => {
        if (!on) return;
        time += ms;
        run();
      });
      return () => {
        on = false;
      };
    },
  };
}
