import { readFileSync } from 'node:fs';
import { parsePlanFile } from '../src/core/convert/plan-file/parse.ts';
import { expect, moveTo, test } from './support/app.ts';

test('the Convert view writes the files with which a cluster makes the same plan in parts', async ({ page }) => {
  await page.goto('/');
  await moveTo(page, { sample: 'tiny-qwen3-moe', view: 'convert', target: 'stacked' });
  const panel = page.getByRole('region', { name: 'Run this on a cluster' });
  await panel.getByText('Run this on a cluster').click();
  const write = panel.getByRole('button', { name: 'Write the files' });
  await expect(write).toBeDisabled();
  await expect(panel.getByText('Enter where the checkpoint lies on the cluster.')).toBeVisible();
  await panel.getByLabel('Where the checkpoint lies there').fill("/shared/models/it's $(here)");
  await panel.getByLabel('Folder on the cluster').fill('not/absolute');
  await write.press('Enter');
  await expect(panel.getByRole('alert')).toContainText('absolute path');
  await panel.getByLabel('Folder on the cluster').fill('/shared/job');
  await panel.getByLabel('Image').fill('registry/moe-loom:1');
  await expect(panel.getByText('Kubernetes needs both')).toBeVisible();
  await panel.getByLabel('Volume claim').fill('models');
  await write.press('Enter');
  const saved = async (name: RegExp) => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      panel.getByRole('button', { name }).press('Enter'),
    ]);
    return readFileSync(await download.path(), 'utf8');
  };
  const plan = await parsePlanFile(await saved(/^Save plan\.json/), 'plan.json');
  expect(plan.plan.target).toBe('stacked');
  await expect(panel.getByText(plan.hash.slice(0, 12))).toBeVisible();
  const script = await saved(/job-slurm\.sh/);
  expect(script).toMatch(/--source.*\/shared\/models\/it.*s \$\(here\)/);
  expect(script).toContain('/shared/job/plan.json');
  const manifest = await saved(/job-kubernetes\.yaml/);
  expect(manifest).toContain('registry/moe-loom:1');
  expect(manifest).toMatch(/mountPath: "?\/shared"?\n/);
  await expect(panel.getByText('bash /shared/job/job-slurm.sh')).toBeVisible();
});
