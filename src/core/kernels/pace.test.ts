import { describe, expect, it } from 'vitest';
import { createPace, type Where } from './pace.ts';

const MB = 1e6;

/** A pipeline whose runs of a megabyte take so many milliseconds each way, from run number `from` on. */
function simulate(
  first: Where,
  times: readonly { readonly from: number; readonly cpu: number; readonly webgpu: number }[],
  { runs = 4000, mayTry = () => true }: { readonly runs?: number; readonly mayTry?: (way: Where) => boolean } = {},
) {
  let clock = 0;
  const pace = createPace({ first, mayTry, now: () => clock });
  const went = { cpu: 0, webgpu: 0 };
  let best = 0;
  for (let run = 0; run < runs; run++) {
    const cost = times.findLast(({ from }) => run >= from) ?? { cpu: 1, webgpu: 1 };
    const way = pace.next(MB);
    went[way]++;
    clock += cost[way];
    best += Math.min(cost.cpu, cost.webgpu);
  }
  return { pace, went, slower: clock / best };
}

describe('the pace of a pipeline', () => {
  it.each<[Where, number, number]>([
    ['cpu', 1, 1.5],
    ['cpu', 2, 1],
    ['webgpu', 1, 2],
    ['webgpu', 1.5, 1],
  ])('that begins on %s, with %f ms on the CPU and %f on the device, ends on the faster', (first, cpu, webgpu) => {
    const { pace, slower } = simulate(first, [{ from: 0, cpu, webgpu }]);
    expect(pace.chosen()).toBe(cpu < webgpu ? 'cpu' : 'webgpu');
    expect(pace.rates().cpu).toBeCloseTo(1 / cpu, 6);
    expect(pace.rates().webgpu).toBeCloseTo(1 / webgpu, 6);
    expect(slower).toBeLessThan(1.1);
  });

  it('is at most a tenth slower than the better way, whatever it begins with, after the first trial', () => {
    for (const webgpu of [0.5, 0.8, 0.97, 1, 1.03, 1.3, 2])
      for (const first of ['cpu', 'webgpu'] as const)
        expect(simulate(first, [{ from: 0, cpu: 1, webgpu }]).slower).toBeLessThan(1.1);
  });

  it('changes when the conditions do', () => {
    const { pace, went } = simulate('webgpu', [
      { from: 0, cpu: 2, webgpu: 1 },
      { from: 300, cpu: 2, webgpu: 9 },
    ]);
    expect(pace.chosen()).toBe('cpu');
    expect(went.cpu).toBeGreaterThan(2000);
  });

  it('never goes a way that it may not', () => {
    const { went } = simulate('cpu', [{ from: 0, cpu: 5, webgpu: 1 }], { mayTry: () => false });
    expect(went).toEqual({ cpu: 4000, webgpu: 0 });
  });

  it('does not count pauses of the pipeline in full', () => {
    let clock = 0;
    const pace = createPace({ first: 'cpu', mayTry: () => true, now: () => clock });
    for (let run = 0; run < 200; run++) {
      pace.next(MB);
      clock += run === 20 ? 60_000 : 1;
    }
    expect(pace.rates().cpu).toBeGreaterThan(0.1);
  });
});
