/**
 * Converts generated checkpoints of real shapes with the built command line and in the built app in Chromium (local files
 * to browser storage, a profile on disk), in turns with `cp` and `sync` of the same bytes; once a plain numpy
 * stack-and-save, once the same conversion without its read-back and without its flush, and once the browser's reading and
 * writing alone. Writing and reading back are told apart. One JSON line a shape.
 *
 *     npm run build && npm run bench:convert -- [--shapes qwen-1,qwen-2,qwen-4,deepseek] [--pairs 5] [--folder /tmp]
 *
 * Needs twice the bytes of a shape on the disk, beside those of a browser profile: 46 GB for `deepseek`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { convertInChromium, serveApp } from './convert/chromium.ts';
import { type Cost, median, round, settleDisk } from './convert/measure.ts';
import {
  buildPartial,
  type Conversion,
  convertInNode,
  convertWithout,
  copyAll,
  stackInPython,
} from './convert/node.ts';
import { generate, SHAPES, type ShapeName } from './convert/shapes.ts';
import { stagesInChromium } from './convert/stages.ts';

const { values: flags } = parseArgs({
  options: {
    shapes: { type: 'string', default: Object.keys(SHAPES).join(',') },
    pairs: { type: 'string', default: '5' },
    to: { type: 'string', default: 'stacked' },
    folder: { type: 'string', default: tmpdir() },
    /** Leaves out numpy and the runs without a stage. */
    quick: { type: 'boolean', default: false },
    places: { type: 'string', default: 'node,chromium' },
  },
});

/** Conversions of one place, each with the copy that ran beside it. */
interface Pair {
  readonly copy: Cost;
  readonly conversion: Conversion;
}

/** Seconds of writing alone: the read-back's share is left out, and the rest counts as writing. */
const writing = ({ seconds, phases }: Conversion) => seconds - phases.verify;

/** Median, least and most. */
const spread = (values: readonly number[], digits = 2) =>
  [median(values), Math.min(...values), Math.max(...values)].map((value) => round(value, digits));

function summary(pairs: readonly Pair[]) {
  const of = (value: (pair: Pair) => number, digits?: number) => spread(pairs.map(value), digits);
  return {
    cp_sync_seconds: of(({ copy }) => copy.seconds),
    seconds: of(({ conversion }) => conversion.seconds),
    writing_seconds: of(({ conversion }) => writing(conversion)),
    read_back_seconds: of(({ conversion }) => conversion.phases.verify),
    cp_over_writing: of(({ copy, conversion }) => copy.seconds / writing(conversion)),
    cp_over_all: of(({ copy, conversion }) => copy.seconds / conversion.seconds),
    over_idle_mib: of(({ conversion }) => (conversion.peakBytes - conversion.idleBytes) / 2 ** 20, 0),
    read_bytes: Math.max(...pairs.map(({ conversion }) => conversion.readBytes)),
    written_bytes: Math.max(...pairs.map(({ conversion }) => conversion.writtenBytes)),
  };
}

/** What is measured once: numpy, the conversion with stages left out beside one more copy, the browser's stages alone. */
async function others(source: string, work: string, script: string, copy: () => Promise<Cost>) {
  const out = join(work, 'out');
  const python = await stackInPython(source, out);
  const before = await copy();
  const unproven = await convertWithout(script, 'read-back', [source, out, flags.to]);
  const unflushed = await convertWithout(script, 'flush', [source, out, flags.to]);
  const alone = await stagesInChromium(work, source);
  return {
    numpy_seconds: python && round(python.seconds),
    without: {
      cp_sync_seconds: round(before.seconds),
      read_back: round(unproven.seconds),
      read_back_and_flush: round(unflushed.seconds),
    },
    chromium_alone: {
      reading_seconds: round(alone.reading_seconds),
      writing_seconds: round(alone.writing_seconds),
    },
  };
}

async function measure(
  name: ShapeName,
  work: string,
  { url, script }: { readonly url: string; readonly script: string },
) {
  const source = join(work, 'source');
  const out = join(work, 'out');
  const bytes = generate(source, SHAPES[name]);
  settleDisk();
  const copies: Cost[] = [];
  const node: Pair[] = [];
  const browser: Pair[] = [];
  const places = flags.places.split(',');
  const copy = async () => {
    const cost = await copyAll(source, join(work, 'copy'));
    copies.push(cost);
    return cost;
  };
  for (let pair = 0; pair < Number(flags.pairs); pair++) {
    if (places.includes('node'))
      node.push({ copy: await copy(), conversion: await convertInNode(source, out, flags.to) });
    if (places.includes('chromium')) {
      const before = await copy();
      browser.push({ copy: before, conversion: await convertInChromium(work, url, source, flags.to) });
    }
  }
  const extras = flags.quick ? {} : await others(source, work, script, copy);
  rmSync(source, { recursive: true });
  return {
    bench: 'convert',
    shape: name,
    to: flags.to,
    bytes,
    pairs: Number(flags.pairs),
    cp_sync_seconds: spread(copies.map(({ seconds }) => seconds)),
    ...(node.length > 0 ? { node: summary(node) } : {}),
    ...(browser.length > 0 ? { chromium: summary(browser) } : {}),
    ...extras,
  };
}

const work = mkdtempSync(join(flags.folder, 'moe-loom-bench-'));
const app = await serveApp();
const script = await buildPartial(work);
try {
  for (const name of flags.shapes.split(',')) {
    if (!(name in SHAPES)) throw new Error(`${name} is none of ${Object.keys(SHAPES).join(', ')}`);
    process.stdout.write(`${JSON.stringify(await measure(name as ShapeName, work, { url: app.url, script }))}\n`);
  }
} finally {
  await app.close();
  rmSync(work, { recursive: true, force: true });
}
process.exit(0);
