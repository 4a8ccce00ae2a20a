import { expect, it } from 'vitest';
import { describeDamages, runDamages } from './damages/run.fixture.ts';

it('tells every damage, or goes on with what is whole: no wrong answer that ends with 0', async () => {
  const rows = await runDamages();
  expect(rows.length).toBeGreaterThanOrEqual(40);
  const wrong = rows.flatMap(({ damage, outcomes }) =>
    Object.entries(outcomes).flatMap(([tried, outcome]) =>
      outcome.wrong === null || damage.waits?.some((each) => each === tried)
        ? []
        : [`${damage.name}: ${tried} ${outcome.wrong}\n${outcome.text}`],
    ),
  );
  expect(wrong, describeDamages(rows).join('\n')).toEqual([]);
}, 90_000);
