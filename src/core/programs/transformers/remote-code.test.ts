import { expect, test } from 'vitest';
import { ARCHITECTURES } from '../../layouts/architecture-table.ts';
import { checkpointOf, ENDS } from '../../layouts/checkpoints.fixture.ts';
import { syntheticConfig, syntheticHeaders } from '../../layouts/rows.fixture.ts';
import { predictLoads } from '../loading.ts';

const REMOTE = ARCHITECTURES.filter(({ remote, tells }) => remote && tells.length === 0).map(
  (row) => [row.modelTypes[0] ?? '', row] as const,
);

test.each(REMOTE)('%s is remote code: that is all that is said of transformers', (type, row) => {
  const headers = syntheticHeaders(row, 0, 4, 6).map(([name, shape, dtype = 'BF16']) => [name, { dtype, shape }]);
  const router = String(headers[0]?.[0]).replace(/(layers\.0)\..*$/, `$1.${row.container || 'moe'}.gate.weight`);
  const whole = { ...ENDS, ...Object.fromEntries(headers), [router]: { dtype: 'BF16', shape: [3, 6] } };
  const said = predictLoads(checkpointOf(whole, syntheticConfig(row, type)));
  const transformers = said.find(({ id }) => id === 'transformers-5');
  expect(transformers).toMatchObject({ verdict: 'unknown' });
  expect(transformers?.needs.join()).toMatch(/trust_remote_code/);
});
