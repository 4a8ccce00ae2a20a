import { expect, parametersOf, test, violations, visit } from './support/app.ts';

const BIG = 'moe-loom/Qwen3-235B-A22B-stacked';

test('a download of 470 GB asks with bytes and time, and one layer is the default', async ({ page, hub }) => {
  await visit(page, hub, { repo: BIG, view: 'convert', target: 'gate-up' });
  const start = page.getByRole('button', { name: 'Start conversion …' });
  await expect(start).toBeEnabled();
  await expect(page.getByText('Downloads 470 GB')).toBeVisible();
  const before = hub.journal.length;
  await start.click();
  const question = page.getByRole('alertdialog');
  await expect(question).toContainText('470,187,269,120 bytes (470 GB) from 127.0.0.1');
  await expect(question).toContainText('about 1 h 18 min at 100 MB/s (assumed: nothing was read yet)');
  expect(await violations(page)).toEqual([]);
  await expect(question.getByRole('button', { name: /^Only layer 0/ })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(question).toBeHidden();
  await expect.poll(() => parametersOf(page).get('layers')).toBe('0');
  expect(hub.journal.slice(before).filter(({ class: kind }) => kind === 'cdn')).toEqual([]);
});

test('statistics of one layer come before those of all, and Escape reads nothing', async ({ page, hub }) => {
  await visit(page, hub, { repo: BIG, statistic: 'rms' });
  const bar = page.getByRole('region', { name: 'Values', exact: true });
  await expect(bar.getByRole('button', { name: 'Measure layer 0 …' })).toHaveClass(/primary/);
  await bar.getByRole('button', { name: 'Measure all …' }).click();
  const question = page.getByRole('alertdialog');
  await expect(question).toContainText('454,192,791,552 bytes (454 GB)');
  const before = hub.journal.length;
  await expect(question.getByRole('button', { name: 'Only layer 0 (4.83 GB)' })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(question).toBeHidden();
  expect(hub.journal).toHaveLength(before);
});

test('a small conversion starts at once, with its bytes beside the button', async ({ page, hub }) => {
  await visit(page, hub, { repo: 'tiny/qwen3-moe', view: 'convert', target: 'stacked' });
  await expect(page.getByText(/^Downloads \d+ kB$/)).toBeVisible();
  await page.getByRole('button', { name: 'Start conversion', exact: true }).click();
  await expect(page.getByRole('alertdialog')).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Open the result' })).toBeVisible();
});
