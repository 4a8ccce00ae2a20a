import { expect, parametersOf, paste, test, violations, visit } from './support/app.ts';

const REPO = 'tiny/qwen3-moe';

test('a link to a Hub that was never used asks once, before the first request', async ({ page, hub }) => {
  const { host } = new URL(hub.url);
  for (const link of [
    new URLSearchParams({ endpoint: hub.url, repo: REPO }),
    new URLSearchParams({ repo: `${hub.url}/${REPO}` }),
  ]) {
    await page.goto(`/?${link}`);
    await expect(page.getByRole('heading', { name: `Read from ${host}?` })).toBeVisible();
    await expect(page.getByText(`${host} is this computer`)).toBeVisible();
    await expect(page.locator('.foreign-hub')).toHaveText(`not huggingface.co: ${host}`);
    expect(hub.journal).toEqual([]);
  }
  expect(await violations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Do not open' }).click();
  await expect(page.getByText('Drop safetensors files or a model’s folder here')).toBeVisible();
  expect(hub.journal).toEqual([]);
  await page.goBack();
  await page.getByRole('button', { name: `Open from ${host}` }).click();
  await expect(page.getByText('104 tensors')).toBeVisible();
  await page.reload();
  await expect(page.getByText('104 tensors')).toBeVisible();
});

test('a link whose repo is a whole address shows the server as an endpoint does', async ({ page, hub }) => {
  const { host } = new URL(hub.url);
  await visit(page, hub);
  await page.goto(`/?${new URLSearchParams({ repo: `${hub.url}/${REPO}/tree/main` })}`);
  await expect(page.getByText('104 tensors')).toBeVisible();
  await expect(page.locator('.foreign-hub')).toHaveText(`not huggingface.co: ${host}`);
  await page.getByRole('button', { name: 'Access' }).click();
  const dialog = page.getByRole('dialog', { name: 'Access' });
  await expect(dialog).toContainText(
    `${host} is not huggingface.co: the address of this page names it. It is this computer.`,
  );
});

test('a comparison with a checkpoint of an unknown Hub asks too, and leaves the open one', async ({ page, hub }) => {
  const { host } = new URL(hub.url);
  await page.goto(
    `/?${new URLSearchParams({ sample: 'tiny-qwen3-moe', view: 'compare', with: `${hub.url}/${REPO}` })}`,
  );
  await expect(page.getByRole('heading', { name: `Read from ${host}?` })).toBeVisible();
  expect(hub.journal).toEqual([]);
  await page.getByRole('button', { name: 'Do not open' }).click();
  await expect(page.getByRole('heading', { name: 'Compare with' })).toBeVisible();
  await page.goBack();
  await page.getByRole('button', { name: `Open from ${host}` }).click();
  await expect.poll(() => hub.journal.length).toBeGreaterThan(0);
});

test('a server that the person types is not asked about', async ({ page, hub }) => {
  await page.goto('/');
  await paste(page, `${hub.url}/${REPO}`);
  await expect(page.getByText('104 tensors')).toBeVisible();
  expect(Object.fromEntries(parametersOf(page))).toEqual({ repo: REPO, endpoint: hub.url });
});
