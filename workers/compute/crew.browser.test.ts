import { afterEach, expect, it } from 'vitest';
import { createEngine, createHelpers } from '../../src/core/index.ts';
import { firstDifferent, noise } from '../../src/core/kernels/cases.fixture.ts';
import type { GatherSpec } from '../../src/core/kernels/gather/cpu.ts';
import { gatherKernel } from '../../src/core/kernels/gather/kernel.ts';
import { type Crew, createCrew } from './crew.ts';

let crew: Crew | null = null;
afterEach(() => crew?.dispose());

const spec: GatherSpec = { itemBytes: 2, shape: [1024, 512], strides: [1, 1024], bases: [0], select: null };

it('computes in workers what the thread itself would, and leaves it to the thread once they have ended', async () => {
  crew = createCrew();
  const helpers = createHelpers(crew.connect(2));
  const input = noise(2 * 1024 * 512);
  const expected = new Uint8Array(input.length);
  gatherKernel.cpu(spec, [input], expected);
  const engine = createEngine({ engine: 'cpu', helpers });
  for (let run = 0; run < 6; run++) {
    let made = new Uint8Array(input.length);
    const onMoved = (bytes: Uint8Array<ArrayBuffer>) => {
      made = bytes;
    };
    if (run < 4) expect(await helpers.run(gatherKernel, spec, [input], made, { onMoved })).toBe(true);
    else await engine.run(gatherKernel, spec, [input], made, { onMoved });
    expect(firstDifferent(made, expected)).toBeNull();
  }
  for (const at of [0, 1]) helpers.end(at, 'The worker ended.');
  expect(await helpers.run(gatherKernel, spec, [input], new Uint8Array(input.length))).toBe(false);
}, 60_000);
