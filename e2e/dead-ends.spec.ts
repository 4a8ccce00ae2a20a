import { expect, parametersOf, paste, pastTheEdge, test, violations, visit } from './support/app.ts';

const VIEWS = ['map', 'tensors', 'loads', 'convert', 'ranks', 'compare'];

test('every view says that a model has no routed experts, and Convert offers nothing to start', async ({
  page,
  hub,
}) => {
  for (const view of VIEWS) {
    await visit(page, hub, { repo: 'preset/dense', view });
    const notice = page.getByRole('region', { name: 'No routed experts' });
    await expect(notice).toContainText('This model has no routed experts. It has 3 dense layers');
    if (view === 'map') await expect(page.getByRole('heading', { name: 'No layer selected' })).toBeVisible();
    if (view === 'ranks') await expect(page.getByRole('heading', { name: 'Nothing to place' })).toBeVisible();
    if (view !== 'convert') continue;
    await expect(page.getByRole('heading', { name: 'Nothing to convert' })).toBeVisible();
    await expect(page.getByRole('button', { name: 'Start conversion' })).toHaveCount(0);
    expect(await violations(page)).toEqual([]);
    expect(await pastTheEdge(page)).toEqual([]);
  }
});

test('a sample of headers has no button that could not work, and leads to one with weights', async ({ page }) => {
  await page.goto('/?sample=qwen3-235b-a22b&view=convert&target=stacked');
  const note = page.getByRole('note').filter({ hasText: 'headers only, no weights' });
  await expect(note).toBeVisible();
  await expect(page.getByRole('button', { name: 'Start conversion' })).toHaveCount(0);
  await note.getByRole('link', { name: 'the sample Tiny Qwen3-MoE' }).click();
  await expect.poll(() => parametersOf(page).get('sample')).toBe('tiny-qwen3-moe');
});

test('GGUF is named, and the base model of its card is one click', async ({ page, hub }) => {
  await visit(page, hub, { repo: 'preset/tiny-gguf' });
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('It holds 2 files of GGUF, the format of llama.cpp');
  expect(await violations(page)).toEqual([]);
  await alert.getByRole('button', { name: 'Open preset/per-expert-tiny' }).click();
  await expect.poll(() => parametersOf(page).get('repo')).toBe('preset/per-expert-tiny');
  await expect(page.getByText('80 tensors')).toBeVisible();
});

test('a name that does not exist offers similar ones after a click, with one request', async ({ page, hub }) => {
  await visit(page, hub, { repo: 'preset/per-expert-tny' });
  await expect(page.getByRole('alert')).toContainText('This repo does not exist, or it is private.');
  hub.clearJournal();
  await page.getByRole('button', { name: 'Search for similar names' }).click();
  await page.getByRole('button', { name: 'Open preset/per-expert-tiny' }).click();
  expect(hub.journal.filter(({ path }) => path.startsWith('/api/models?'))).toHaveLength(1);
  await expect(page.getByText('80 tensors')).toBeVisible();
});

test('a revision that does not exist offers main', async ({ page, hub }) => {
  await visit(page, hub, { repo: 'preset/per-expert-tiny', revision: 'v9' });
  await page.getByRole('alert').getByRole('button', { name: 'Open main' }).click();
  await expect(page.getByText('80 tensors')).toBeVisible();
  expect(parametersOf(page).get('revision')).toBeNull();
});

for (const [text, message] of [
  ['https://github.com/org/name', 'GitHub'],
  ['https://modelscope.cn/models/org/name', 'ModelScope'],
  ['https://civitai.com/models/1', 'Civitai'],
  ['https://huggingface.co/datasets/org/name', 'a dataset'],
  ['https://huggingface.co/spaces/org/name', 'a Space'],
  ['https://huggingface.co/papers/2505.09388', 'a page about a paper'],
] as const)
  test(`${text} is named, with what to paste instead`, async ({ page, hub }) => {
    await visit(page, hub);
    await paste(page, text);
    await expect(page.getByText(message).first()).toBeVisible();
    await expect(page.getByText(/(Paste|Write|open) .*|open it here/).first()).toBeVisible();
  });

test('what a checkpoint does not have is said where it would be', async ({ page, hub }) => {
  await visit(page, hub, { repo: 'preset/per-expert-tiny', layer: '99', expert: '0' });
  await expect(page.getByRole('heading', { name: 'This checkpoint has no layer 99.' })).toBeVisible();
  await visit(page, hub, { repo: 'preset/per-expert-tiny', layer: '2', expert: '8' });
  await expect(page.getByRole('heading', { name: 'This checkpoint has no expert 8.' })).toBeVisible();
  await visit(page, hub, { repo: 'preset/scalar-and-empty' });
  await expect(page.getByRole('heading', { name: 'No layer recognised' })).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await page.getByRole('button', { name: 'List the tensors' }).click();
  await expect.poll(() => parametersOf(page).get('view')).toBe('tensors');
  await visit(page, hub, { repo: 'preset/missing-shard', view: 'ranks', memory: 'fsdp2,gpus:8,ep:8' });
  const refused = page.getByRole('alert', { name: 'Memory' });
  await expect(refused).toContainText('The shard model-00002-of-00003.safetensors is missing');
  await expect(page.getByText('Which sizes fit')).toHaveCount(0);
});

test('a missing file is one card that leads to its experts', async ({ page, hub }) => {
  await visit(page, hub, { repo: 'preset/missing-shard' });
  const card = page.getByRole('region', { name: 'Findings' }).getByRole('listitem');
  await expect(card).toHaveCount(1);
  await expect(card).toContainText('Missing file');
  await expect(card).toContainText('7 experts are incomplete');
  await card.getByRole('button', { name: 'Layer 2, experts 0–5' }).click();
  await expect.poll(() => [parametersOf(page).get('layer'), parametersOf(page).get('expert')]).toEqual(['2', '0']);
  await expect(page.getByRole('region', { name: 'Pinned expert' })).toContainText('Layer 2, expert 0');
});
