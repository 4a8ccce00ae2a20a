import { afterEach, expect, it } from 'vitest';
import { CASES, cpuOf, firstDifferent, noise } from './cases.fixture.ts';
import { createHelpers, serveHelper } from './crew.ts';
import { createEngine } from './engine.ts';
import type { GatherSpec } from './gather/cpu.ts';
import { gatherKernel } from './gather/kernel.ts';
import type { Kernel } from './kernel.ts';

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

/** Helpers at the other ends of ports, in this thread. */
function helpersOf(count: number) {
  const mine = Array.from({ length: count }, () => {
    const { port1, port2 } = new MessageChannel();
    ports.push(port1, port2);
    serveHelper(port1);
    return port2;
  });
  return createHelpers(mine);
}

const spec: GatherSpec = { itemBytes: 2, shape: [600, 512], strides: [1, 600], bases: [0], select: null };
const input = noise(2 * 600 * 512);
const expected = new Uint8Array(input.length);
gatherKernel.cpu(spec, [input], expected);

it('give the CPU form’s bytes, for every kernel', async () => {
  const helpers = helpersOf(2);
  const wrong: string[] = [];
  for (const cases of Object.values(CASES)) {
    for (const each of cases().slice(0, 3)) {
      await each.use(async (kernel, given, inputs) => {
        const output = new Uint8Array(kernel.outputBytes(given));
        if (!(await helpers.run(kernel, given, inputs, output))) wrong.push(`${each.name}: not run`);
        if (firstDifferent(output, cpuOf(each)) !== null) wrong.push(each.name);
      });
    }
  }
  expect(wrong).toEqual([]);
});

it('move the output’s buffer where they may, and its owner gets the bytes that take its place', async () => {
  const helpers = helpersOf(1);
  const output = new Uint8Array(new ArrayBuffer(input.length + 96), 0, input.length);
  const seen: Uint8Array[] = [];
  await helpers.run(gatherKernel, spec, [input], output, { onMoved: (bytes) => seen.push(bytes) });
  expect(output.byteLength).toBe(0);
  expect(seen).toHaveLength(1);
  expect(firstDifferent(seen[0] as Uint8Array, expected)).toBeNull();
  expect(seen[0]?.buffer.byteLength).toBe(input.length + 96);
});

it('get what this thread would need long for, once it has measured that; the rest stays here', async () => {
  const helpers = helpersOf(3);
  const given: string[] = [];
  const watched = {
    ...helpers,
    run: ((kernel, ...rest) => {
      given.push(kernel.name);
      return helpers.run(kernel, ...rest);
    }) as typeof helpers.run,
  };
  for (const choice of ['cpu', 'auto'] as const) {
    const engine = createEngine({ engine: choice, helpers: watched, gpu: null });
    const slow: Kernel<GatherSpec> = {
      ...gatherKernel,
      name: 'slow',
      cpu: (...args) => {
        const until = performance.now() + 3;
        gatherKernel.cpu(...args);
        while (performance.now() < until);
      },
    };
    const quick: Kernel<null> = { ...slow, name: 'quick', op: () => '', cpu: () => {}, tiles: () => null } as never;
    given.length = 0;
    for (let run = 0; run < 4; run++) {
      const output = new Uint8Array(input.length);
      await engine.run(slow, spec, [input], output).catch(() => undefined);
      await engine.run(quick, null, [input], new Uint8Array(input.length));
    }
    expect(given).toEqual(['slow', 'slow']);
    expect(engine.decisions().map(({ runs }) => runs.cpu)).toEqual([4, 4]);
  }
});

it('leave the work to this thread when theirs are gone', async () => {
  const helpers = helpersOf(2);
  helpers.end(0, 'It ran out of memory.');
  const output = new Uint8Array(input.length);
  expect(await helpers.run(gatherKernel, spec, [input], output)).toBe(true);
  helpers.end(1, 'It ran out of memory.');
  expect(await helpers.run(gatherKernel, spec, [input], output)).toBe(false);
  const engine = createEngine({ engine: 'cpu', helpers });
  let made: Uint8Array = new Uint8Array(input.length);
  const onMoved = (bytes: Uint8Array) => {
    made = bytes;
  };
  for (let run = 0; run < 4; run++) await engine.run(gatherKernel, spec, [input], made, { onMoved });
  expect(firstDifferent(made, expected)).toBeNull();
});

it('leave it where a thread ends while it works', async () => {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1);
  // Nobody serves: the thread died before it answered.
  const helpers = createHelpers([port2]);
  const running = helpers.run(gatherKernel, spec, [input], new Uint8Array(input.length));
  port1.close();
  expect(await running).toBe(false);
});
