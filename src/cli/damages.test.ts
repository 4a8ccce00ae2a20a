import { expect, it } from 'vitest';
import { DAMAGES } from './damages/list.fixture.ts';
import type { Damage } from './damages/model.fixture.ts';
import { ABSENT_DAMAGES, FOLDER_DAMAGES } from './damages/of-parts.fixture.ts';
import { describeDamages, runDamages } from './damages/run.fixture.ts';

/** A machine that does other things too takes its time: a command is started for each damage and each way of looking. */
const TIMEOUT_MS = 180_000;

async function expectTold(damages: readonly Damage[]): Promise<void> {
  const rows = await runDamages(damages);
  const wrong = rows.flatMap(({ damage, outcomes }) =>
    Object.entries(outcomes).flatMap(([tried, outcome]) =>
      outcome.wrong === null || damage.waits?.some((each) => each === tried)
        ? []
        : [`${damage.name}: ${tried} ${outcome.wrong}\n${outcome.text}`],
    ),
  );
  expect(wrong, describeDamages(rows).join('\n')).toEqual([]);
}

it(
  'tells every damage, or continues with what is whole: no wrong answer that ends with 0',
  async () => {
    expect(DAMAGES.length).toBeGreaterThanOrEqual(40);
    await expectTold(DAMAGES);
  },
  TIMEOUT_MS,
);

it.each([
  ['tensors that nobody holds', ABSENT_DAMAGES],
  ['parts read as a whole', FOLDER_DAMAGES],
])('tells %s', async (_, damages) => expectTold(damages), TIMEOUT_MS);
