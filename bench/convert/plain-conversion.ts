import type { ConversionReport } from '../../src/core/convert/report.ts';
import { type Cost, watchTree } from './measure.ts';
import type { PlainPage } from './plain-browser.ts';

/** Through a Hub's quota, too. */
const OPENING_MS = 600_000;
const CONVERTING_MS = 1_800_000;
/** A question follows a click at once, if any. */
const ASKING_MS = 5_000;

/** The first button whose text matches and that can be pressed, as an expression. */
const button = (text: RegExp) =>
  `[...document.querySelectorAll('button')].find((each) => ${text}.test(each.textContent.trim()) && !each.disabled)`;

const START = button(/^Start conversion/);
const READ = button(/^(Read|Download) [\d.,]+ [kMGT]?B$/);
const BODY = 'document.body.innerText';

/** The only report in the browser storage. */
const REPORT = `(async () => {
  const home = await (await navigator.storage.getDirectory()).getDirectoryHandle('moe-loom');
  for await (const job of home.values()) {
    const file = await (await job.getFileHandle('moe-loom-report.json')).getFile();
    return await file.text();
  }
  throw new Error('no report is stored');
})()`;

/**
 * Starts the conversion that the page shows, as soon as it can be, and watches the browser until the report is there.
 *
 * @throws Error with the page's text when the conversion stops early.
 */
export async function convertPlainly(
  page: PlainPage,
): Promise<{ readonly cost: Cost; readonly report: ConversionReport }> {
  await page.until(START, OPENING_MS);
  // Three points: a question comes first, how many bytes may be read. Nothing is read before it is answered.
  const asks = await page.evaluate<boolean>(`${START}.textContent.includes('…')`);
  if (asks) {
    await page.evaluate(`${START}.click()`);
    await page.until(READ, ASKING_MS);
  }
  const watch = watchTree(page.pid);
  await page.evaluate(`${asks ? READ : START}.click()`);
  await page.until(`/all equal|The conversion stopped/.test(${BODY})`, CONVERTING_MS);
  const text = await page.evaluate<string>(BODY);
  if (text.includes('The conversion stopped')) throw new Error(text);
  return { cost: watch.end(), report: JSON.parse(await page.evaluate<string>(REPORT)) as ConversionReport };
}
