import { test } from './support/app.ts';
import { markUsed } from './support/used-hub.ts';
type Shot = [string, Record<string, string>, number, string[]?];
const list = JSON.parse(process.env.SHOTS ?? '[]') as Shot[];
for (const [name, query, width, clicks] of list)
  test(`shot ${name}`, async ({ page, hub }) => {
    await page.setViewportSize({ width, height: width < 500 ? 844 : 900 });
    await page.addInitScript(markUsed, hub.url);
    await page.goto(`/?${new URLSearchParams({ ...(query.sample ? {} : { endpoint: hub.url }), ...query })}`);
    await page.waitForTimeout(3000);
    for (const c of clicks ?? []) {
      await page.getByRole('button', { name: c }).first().click({ timeout: 6000 }).catch((e) => console.log(name, String(e).slice(0, 300)));
      await page.waitForTimeout(1000);
    }
    await page.screenshot({ path: `/tmp/s-${name}.png` });
  });
