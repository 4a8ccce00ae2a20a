import { expect, it } from 'vitest';
import { FAULTS } from './faults/list.fixture.ts';
import { describeFaults, runFaults } from './faults/run.fixture.ts';

it('says of every fault of the network who failed, why and what to do, at its price and in its time', async () => {
  expect(FAULTS.length).toBeGreaterThanOrEqual(115);
  expect(new Set(FAULTS.map(({ name }) => name)).size).toBe(FAULTS.length);
  const outcomes = await runFaults(FAULTS);
  const wrong = outcomes.flatMap(({ row, wrong: what, stderr }) =>
    what.map((one) => `${row.name}: ${one}\n${stderr.trimEnd()}`),
  );
  expect(wrong, describeFaults(outcomes).join('\n')).toEqual([]);
  // A minute where nothing else runs; a machine that is busy with other things may take long. Each row has a limit of its own.
}, 1_800_000);
