import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import type { PhaseSeconds } from '../../src/core/convert/phase-clock.ts';
import type { ConversionReport } from '../../src/core/convert/report.ts';
import { REPORT_FILE } from '../../src/core/plan/side-files.ts';
import { type Cost, runProgram, settleDisk } from './measure.ts';

export const BIN = fileURLToPath(new URL('../../dist/cli/moe-loom.js', import.meta.url));
const PARTIAL = fileURLToPath(new URL('./partial.ts', import.meta.url));
const PYTHON = fileURLToPath(new URL('./stack.py', import.meta.url));

/** A conversion and what its report says of its time. */
export interface Conversion extends Cost {
  readonly phases: PhaseSeconds;
}

/** `cp` and `sync` of the same bytes: the floor. */
export async function copyAll(source: string, to: string): Promise<Cost> {
  const cost = await runProgram('sh', ['-c', 'cp -r "$0" "$1" && sync', source, to]);
  rmSync(to, { recursive: true });
  settleDisk();
  return cost;
}

/** The built command line, as a user runs it. */
export async function convertInNode(source: string, out: string, target: string): Promise<Conversion> {
  const cost = await runProgram(process.execPath, [
    ...[BIN, 'convert', source, '--to', target, '--out', out, '--quiet', '--json'],
  ]);
  const phases = phasesOf(reportIn(out));
  rmSync(out, { recursive: true });
  settleDisk();
  return { ...cost, phases };
}

export function reportIn(folder: string): ConversionReport {
  return JSON.parse(readFileSync(join(folder, REPORT_FILE), 'utf8'));
}

/** @throws Error for a report of an earlier version, which does not say. */
export function phasesOf({ seconds }: ConversionReport): PhaseSeconds {
  if (!seconds) throw new Error('the report does not say how long it took');
  return seconds;
}

/** Makes one plain file of the partial conversion: threads cannot start from TypeScript. Gives its path. */
export async function buildPartial(folder: string): Promise<string> {
  await build({
    configFile: false,
    logLevel: 'error',
    ssr: { noExternal: true },
    build: { ssr: PARTIAL, outDir: folder, emptyOutDir: false, target: 'node20' },
  });
  return join(folder, 'partial.js');
}

/** The same conversion without one of its stages: what that stage costs. Nothing else can run so. */
export async function convertWithout(
  script: string,
  stage: string,
  [source, out, target]: readonly [string, string, string],
): Promise<Cost> {
  const cost = await runProgram(process.execPath, [script, stage, source, out, target]);
  rmSync(out, { recursive: true });
  settleDisk();
  return cost;
}

/** A plain numpy stack-and-save, null where there is no numpy. */
export async function stackInPython(source: string, out: string): Promise<Cost | null> {
  if (spawnSync('python3', ['-c', 'import numpy']).status !== 0) return null;
  const cost = await runProgram('python3', [PYTHON, source, out]);
  rmSync(out, { recursive: true });
  settleDisk();
  return cost;
}
