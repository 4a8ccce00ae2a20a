import type { Machine } from './machine.ts';
import { readConvertBench } from './read/convert.ts';
import { readDetectBench } from './read/detect.ts';
import { readDrawingsBench } from './read/drawings.ts';
import { readGrowthBench } from './read/growth.ts';
import { readHeaderBench } from './read/header.ts';
import { readHubConvertBench } from './read/hub-convert.ts';
import { readHubLinkBench } from './read/hub-link.ts';
import { readInspectBench } from './read/inspect.ts';
import { readKernelsBench } from './read/kernels.ts';
import { readRanksBench } from './read/ranks.ts';
import { readUiBench } from './read/ui.ts';
import type { Reading } from './row.ts';

/** What of a bench is left out here, and why. */
export interface Missing {
  readonly name: string;
  readonly why: string;
}

/** How a bench runs on a machine: its arguments, null where nothing of it can, and what is left out. */
export interface Run {
  readonly args: readonly string[] | null;
  readonly missing: readonly Missing[];
}

/** One bench of the table. */
export interface Bench {
  /** `bench/<name>.ts`. */
  readonly name: string;
  /** What it says in one line of its output that begins with `{`. */
  readonly read: (line: string) => Reading[];
  readonly run: (machine: Machine, quick: boolean) => Run;
}

const NO_BROWSER = 'no Chromium was found; CHROMIUM_PATH can name one';
const everywhere = (): Run => ({ args: [], missing: [] });

function inBrowser(names: readonly string[]) {
  return ({ browser }: Machine): Run =>
    browser === null
      ? { args: null, missing: names.map((name) => ({ name, why: NO_BROWSER })) }
      : { args: [], missing: [] };
}

/** Bytes of `bench/convert/shapes.ts`. */
const SHAPES = { 'qwen-1': 4.9e9, 'qwen-2': 9.8e9, 'qwen-4': 19.6e9 };
/** The source, its copy or its result, and a browser profile that holds one more. */
const TIMES_ON_DISK = 3;

function tooLarge(needed: number, free: number): string {
  const gb = (bytes: number) => `${Math.round(bytes / 1e9)} GB`;
  return `needs ${gb(needed)} on the disk, where ${gb(free)} are free`;
}

function convertRun({ browser, freeBytes }: Machine, quick: boolean): Run {
  const shapes = Object.entries(SHAPES).filter(([name]) => !quick || name === 'qwen-1');
  const fits = shapes.filter(([, bytes]) => TIMES_ON_DISK * bytes < freeBytes);
  const missing: Missing[] = shapes
    .filter((shape) => !fits.includes(shape))
    .map(([name, bytes]) => ({
      name,
      why: tooLarge(TIMES_ON_DISK * bytes, freeBytes),
    }));
  if (browser === null) missing.push({ name: 'Chromium', why: NO_BROWSER });
  if (fits.length === 0) return { args: null, missing };
  const places = browser === null ? ['--places', 'node'] : [];
  const names = fits.map(([name]) => name).join(',');
  return { args: ['--quick', '--shapes', names, '--pairs', quick ? '3' : '5', ...places], missing };
}

/** A layer of Qwen3-235B, in a folder and in a browser's storage; more for the profile. */
const HUB_BYTES_A_LAYER = 12e9;

function hubConvertRun({ browser, freeBytes }: Machine, quick: boolean): Run {
  const needed = HUB_BYTES_A_LAYER * (quick ? 1 : 2);
  const name = 'read and memory';
  if (browser === null) return { args: null, missing: [{ name, why: NO_BROWSER }] };
  if (needed >= freeBytes) return { args: null, missing: [{ name, why: tooLarge(needed, freeBytes) }] };
  return { args: quick ? ['--layers', '3'] : [], missing: [] };
}

/** The layer that is converted, in a folder and in a browser's storage, full and quick. */
const LINK_BYTES = { full: 12e9, quick: 3e9 };

function hubLinkRun({ browser, freeBytes }: Machine, quick: boolean): Run {
  const needed = quick ? LINK_BYTES.quick : LINK_BYTES.full;
  const name = 'share of a line';
  if (browser === null) return { args: null, missing: [{ name, why: NO_BROWSER }] };
  if (needed >= freeBytes) return { args: null, missing: [{ name, why: tooLarge(needed, freeBytes) }] };
  return { args: quick ? ['--quick'] : [], missing: [] };
}

const KERNELS = ['gathers', 'transposes', 'casts, unpacking and statistics'];

/** Every bench of the table, cheap ones first. */
export const BENCHES: readonly Bench[] = [
  { name: 'header', read: readHeaderBench, run: everywhere },
  { name: 'detect', read: readDetectBench, run: everywhere },
  { name: 'inspect', read: readInspectBench, run: everywhere },
  {
    name: 'ranks',
    read: readRanksBench,
    run: ({ browser }) =>
      browser === null
        ? { args: ['--no-browser'], missing: [{ name: 'click to paint', why: NO_BROWSER }] }
        : everywhere(),
  },
  { name: 'growth', read: readGrowthBench, run: (_, quick) => ({ args: quick ? ['--quick'] : [], missing: [] }) },
  { name: 'ui', read: readUiBench, run: inBrowser(['keystrokes, longest task and renderer']) },
  { name: 'drawings', read: readDrawingsBench, run: inBrowser(['geometry']) },
  { name: 'convert', read: readConvertBench, run: convertRun },
  { name: 'hub-convert', read: readHubConvertBench, run: hubConvertRun },
  { name: 'hub-link', read: readHubLinkBench, run: hubLinkRun },
  {
    name: 'kernels',
    read: readKernelsBench,
    run: ({ noGpu }) =>
      noGpu === null
        ? everywhere()
        : {
            args: null,
            missing: KERNELS.map((name) => ({ name, why: `${noGpu}; last measured: bench/kernels/README.md` })),
          },
  },
];
