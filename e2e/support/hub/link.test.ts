import { expect, it } from 'vitest';
import { createLink } from './link.ts';

it('lets bytes of all connections through at one rate, however late its timers are', () => {
  let time = 1000;
  const link = createLink({ bytesPerSecond: 1_000_000, roundTripMs: 5 }, () => time);
  let sent = 0;
  for (let late = 0; time < 11_000; late = (late + 3) % 15) {
    sent += 10_000;
    time += link.take(10_000);
    time += late;
  }
  expect(sent / ((time - 1000) / 1000)).toBeGreaterThan(995_000);
  expect(sent / ((time - 1000) / 1000)).toBeLessThan(1_005_000);
});

it('makes good no more than 20 ms of silence', () => {
  let time = 0;
  const link = createLink({ bytesPerSecond: 1000, roundTripMs: 5 }, () => time);
  time = 60_000;
  expect(link.take(20)).toBe(0);
  expect(link.take(20)).toBe(20);
});
