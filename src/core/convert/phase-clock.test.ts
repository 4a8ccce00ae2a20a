import { expect, test } from 'vitest';
import { createPhaseClock } from './phase-clock.ts';

test('time is shared out by what is in hand, and nothing of it is lost', () => {
  let time = 1000;
  const clock = createPhaseClock(() => time);
  time += 500;
  clock.at(2, 0);
  time += 2000;
  clock.at(2, 1);
  time += 3000;
  clock.at(0, 1);
  time += 250;
  clock.at(0, 0);
  time += 250;
  expect(clock.seconds()).toEqual({ write: 4, verify: 1.25, rest: 0.75 });
  time += 1000;
  expect(clock.seconds().rest).toBe(1.75);
});
