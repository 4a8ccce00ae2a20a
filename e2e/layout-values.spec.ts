import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { expect, test, visit } from './support/app.ts';

const CLI = fileURLToPath(new URL('../dist/cli/moe-loom.js', import.meta.url));
const SEED = 20_261_129;
const EXPERTS = 50;

/** Repos of the fixture Hub in six layouts: layers that have experts, and how many. */
const FIXTURES = [
  { repo: 'tiny/qwen3-moe', layout: 'per-expert', layers: [0, 2], experts: 12 },
  { repo: 'preset/stacked-tiny', layout: 'stacked', layers: [0, 2], experts: 8 },
  { repo: 'tiny/granitemoe', layout: 'gate-up', layers: [0, 1, 2], experts: 8 },
  { repo: 'tiny/llama4-text', layout: 'gate-up-transposed', layers: [0, 1, 2], experts: 4 },
  { repo: 'tiny/gpt-oss', layout: 'gate-up-interleaved', layers: [0, 1, 2], experts: 8 },
  { repo: 'preset/fp8-tiny', layout: 'per-expert', layers: [0], experts: 3 },
] as const;

/** Numbers from 0 to below 1, the same for a seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** What the command line prints. It ends with an error where a checkpoint lacks tensors, as one of the fixtures does. */
function printed(args: readonly string[]): Promise<string> {
  return new Promise((done) => {
    execFile(process.execPath, [CLI, ...args], { maxBuffer: 64e6 }, (_, stdout) => done(stdout));
  });
}

/** Bytes of one tensor. */
type Piece = readonly [start: number, end: number];

const numberOf = (text: string | undefined) => Number((text ?? '').replaceAll(',', ''));
const lineOf = ([name, [start, end]]: readonly [string, Piece]) => `${name} ${start} ${end}`;

/** Pieces that touch are one: gate and up of one tensor are drawn apart, and the first pieces once more, larger. */
function joined(pieces: readonly Piece[]): readonly Piece[] {
  const sorted = pieces.toSorted(([a], [b]) => a - b);
  const done: [start: number, end: number][] = [];
  for (const [start, end] of sorted) {
    const last = done.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else done.push([start, end]);
  }
  return done;
}

/** Tensors of each expert of a layer with the bytes that are the expert's, as the command line draws them. */
async function drawn(repo: string, layer: number, endpoint: string): Promise<ReadonlyMap<number, readonly string[]>> {
  const args = ['draw', repo, '--layer', String(layer), '--what', 'strip', '--json', '--no-cache', '--quiet'];
  const stdout = await printed([...args, '--endpoint', endpoint]);
  const { marks } = JSON.parse(stdout) as { marks: readonly { readonly title?: string }[] };
  const experts = new Map<number, Map<string, Piece[]>>();
  for (const { title = '' } of marks) {
    const found = /^(?:gate|up|down|gate-up)\b.* (\d+): (\S+), bytes ([\d,]+) to ([\d,]+)$/.exec(title);
    if (!found) continue;
    const [, expert, name = '', start, end] = found;
    const tensors = experts.get(Number(expert)) ?? new Map<string, Piece[]>();
    const pieces = [...(tensors.get(name) ?? []), [numberOf(start), numberOf(end)] as const];
    experts.set(Number(expert), tensors.set(name, pieces));
  }
  const linesOf = ([name, pieces]: readonly [string, readonly Piece[]]) =>
    joined(pieces).map((piece) => lineOf([name, piece]));
  return new Map([...experts].map(([expert, tensors]) => [expert, [...tensors].flatMap(linesOf).sort()]));
}

/** The same of the expert that the page has pinned. */
async function pinned(page: Page): Promise<readonly string[]> {
  const items = page.getByRole('region', { name: 'Pinned expert' }).getByRole('listitem');
  const texts = await items.allInnerTexts();
  return texts
    .map((text) => {
      const [, start, end] = /bytes ([\d,]+)–([\d,]+)/.exec(text.replace(/\s+/g, ' ')) ?? [];
      return lineOf([text.slice(0, text.search(/Holds/)).replace(/\s+/g, ''), [numberOf(start), numberOf(end)]]);
    })
    .sort();
}

/** Another address without loading the page again. */
function turnTo(page: Page, parameters: Readonly<Record<string, string>>): Promise<void> {
  return page.evaluate(
    (search) => {
      history.pushState(null, '', search);
      dispatchEvent(new PopStateEvent('popstate'));
    },
    `?${new URLSearchParams(parameters)}`,
  );
}

test(`what the app says of ${EXPERTS} random experts in six layouts is what the command line says`, async ({
  page,
  hub,
}) => {
  console.log(`seed ${SEED}`);
  const random = randomOf(SEED);
  const pick = (count: number) => Math.floor(random() * count);
  const chosen = FIXTURES.map((fixture) => ({ ...fixture, layer: fixture.layers[pick(fixture.layers.length)] ?? 0 }));
  const truths = new Map<string, ReadonlyMap<number, readonly string[]>>();
  // Two at a time: each starts a process.
  for (let at = 0; at < chosen.length; at += 2)
    await Promise.all(
      chosen.slice(at, at + 2).map(async ({ repo, layer }) => truths.set(repo, await drawn(repo, layer, hub.url))),
    );
  await visit(page, hub, {});
  for (const [at, { repo, layout, layer, experts }] of chosen.entries()) {
    const count = Math.floor(((at + 1) * EXPERTS) / chosen.length) - Math.floor((at * EXPERTS) / chosen.length);
    for (let turn = 0; turn < count; turn += 1) {
      const expert = pick(experts);
      const where = { endpoint: hub.url, repo, layer: String(layer), expert: String(expert) };
      await turnTo(page, where);
      await expect(page.getByRole('heading', { name: `Layer ${layer}, expert ${expert}` })).toBeVisible();
      const truth = truths.get(repo)?.get(expert) ?? [];
      expect(truth.length, `${repo}, layer ${layer}, expert ${expert}`).toBeGreaterThanOrEqual(2);
      await expect.poll(() => pinned(page), `${repo}, layer ${layer}, expert ${expert}`).toEqual(truth);
    }
    await expect(page.getByRole('heading', { level: 1 })).toContainText(layout);
  }
});
