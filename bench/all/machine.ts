import { existsSync, statfsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, loadavg, release, tmpdir, totalmem } from 'node:os';
import { chromium } from '@playwright/test';
import { findBrowser } from '../../e2e/support/browser.ts';

/** What of this machine decides which benches can run. */
export interface Machine {
  /** The browser to measure in, null where there is none. */
  readonly browser: string | null;
  /** Free bytes where benches write. */
  readonly freeBytes: number;
  /** Null where kernels can be measured, else what is missing. */
  readonly noGpu: string | null;
}

/** Where only a headless shell is installed, benches measure in that one. */
const SHELL = '/usr/bin/chromium-headless-shell';
const DEVICES = ['/dev/nvidia0', '/dev/dri/renderD128', '/dev/kfd'];

/** Looks at this machine. */
export function thisMachine(): Machine {
  const { bavail, bsize } = statfsSync(tmpdir());
  return { browser: browserPath(), freeBytes: bavail * bsize, noGpu: missingForKernels() };
}

function browserPath(): string | null {
  const own = chromium.executablePath();
  const found = findBrowser(own, true).executablePath ?? own;
  return [found, SHELL].find((path) => existsSync(path)) ?? null;
}

function missingForKernels(): string | null {
  if (!DEVICES.some((path) => existsSync(path))) return 'no GPU';
  try {
    createRequire(import.meta.url).resolve(process.env.WEBGPU_MODULE ?? 'webgpu');
    return null;
  } catch {
    return 'Dawn is not installed (npm install --no-save webgpu)';
  }
}

/** One line that says where and when: processors, memory, system, Node, browser, load before. */
export function describeMachine({ browser }: Machine): string {
  const model = cpus()[0]?.model.trim() || 'unknown processor';
  return [
    `${availableParallelism()} processors (${model})`,
    `${Math.round(totalmem() / 2 ** 30)} GiB`,
    `${process.platform} ${release()}`,
    `Node ${process.version}`,
    browser === null ? 'no browser' : (browser.split('/').at(-1) ?? browser),
    `load before ${(loadavg()[0] ?? 0).toFixed(1)}`,
    new Date().toISOString().slice(0, 10),
  ].join(', ');
}
