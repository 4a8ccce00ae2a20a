import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { openCheckpoint } from '../../checkpoint/open.ts';
import { planConversion } from '../../plan/conversion.ts';
import type { Target } from '../../plan/types.ts';
import { openLocal } from '../../source/folder.node.ts';
import { countingFiles, hubFolder } from '../../testing.fixture.ts';
import { openFolderOutput } from '../output.node.ts';
import { partsOfPlan } from '../parts-of.ts';
import { planFileOf } from '../plan-file/format.ts';
import { identifySource } from '../plan-file/source.ts';
import type { PlanFile } from '../plan-file/types.ts';
import { runPlan } from '../run.ts';
import { joinParts } from './join.node.ts';
import { openPartPlace, type PartPlaceOptions } from './place.node.ts';
import { runPart } from './run-part.node.ts';

/** The folders of a test, and its plan. */
export const desk = { work: '', source: '', out: '', planFile: null as unknown as PlanFile };

/** A source, a plan of it in seven shards, and a folder that is not there yet; for each test. */
export function setUpDesk(): void {
  beforeEach(async () => {
    desk.work = mkdtempSync(join(tmpdir(), 'moe-loom-parts-'));
    desk.source = join(desk.work, 'source');
    desk.out = join(desk.work, 'out');
    cpSync(hubFolder('qwen3_moe'), desk.source, { recursive: true });
    writeFileSync(join(desk.source, 'tokenizer.json'), '{"tokens":[]}');
    mkdirSync(join(desk.source, 'more'));
    writeFileSync(join(desk.source, 'more', 'chat.jinja'), 'hello');
    desk.planFile = await planned();
  });
  afterEach(() => rmSync(desk.work, { recursive: true, force: true }));
}

export async function planned(target: Target = 'stacked', maxShardBytes = 130_000): Promise<PlanFile> {
  const files = await openLocal(desk.source);
  const plan = planConversion(await openCheckpoint(files), target, { maxShardBytes });
  const named = { open: desk.source, endpoint: null, repo: null, commit: null };
  const card = { text: '# A card\n', pictures: { 'layout-before.svg': '<svg/>' } };
  return planFileOf({ plan, source: { ...named, files: await identifySource(plan, files) }, card });
}

export async function part(text: string, options: { from?: PlanFile; place?: Partial<PartPlaceOptions> } = {}) {
  const { from = desk.planFile, place: more } = options;
  const [number = 1, of = 1] = text.split('/').map(Number);
  const place = await openPartPlace(desk.out, from, { source: desk.source, part: text, ...more });
  try {
    const { files, reads } = countingFiles(await openLocal(desk.source));
    const report = await runPart(from, { place, files, shards: partsOfPlan(from.plan, of)[number - 1] ?? [] });
    return { ...report, read: reads.reduce((sum, { start, end }) => sum + end - start, 0) };
  } finally {
    place.close();
  }
}

export async function joined(options: { from?: PlanFile; readBack?: boolean } = {}) {
  const { from = desk.planFile, readBack } = options;
  const place = await openPartPlace(desk.out, from, { source: desk.source, part: 'join', begins: false });
  try {
    return await joinParts(from, { place, files: await openLocal(desk.source), readBack });
  } finally {
    place.close();
  }
}

/** What one machine writes. */
export async function expected(): Promise<Map<string, string>> {
  const straight = join(desk.work, 'straight');
  const files = await openLocal(desk.source);
  const { plan, card } = desk.planFile;
  const output = await openFolderOutput(straight, plan, files, { source: desk.source, unfinished: 'refuse' });
  await runPlan(plan, { files, ...output, card: () => card?.text ?? '', pictures: card?.pictures ?? {} });
  return contents(straight);
}

/** Every file, the report without its times. */
export function contents(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    names
      .map(({ name, parentPath }) => join(parentPath, name))
      .sort()
      .map((path) => {
        const text = readFileSync(path).toString('latin1');
        const said = path.endsWith('moe-loom-report.json') ? text.replace(/"seconds": \{[^}]*\}/, '') : text;
        return [path.slice(folder.length), said];
      }),
  );
}

export const sumOf = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

export const shardsOf = (place: string) => readdirSync(place).filter((name) => name.endsWith('.safetensors'));
