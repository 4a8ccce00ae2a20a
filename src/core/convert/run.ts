import { type Budget, createBudget } from '../budget.ts';
import { LoomError, throwIfAborted } from '../errors.ts';
import { REPORT_FILE } from '../plan/side-files.ts';
import type { ConversionPlan, OutputShard } from '../plan/types.ts';
import { INDEX_FILE } from '../safetensors/index-file.ts';
import type { Sink } from '../sink/types.ts';
import type { ByteSource, FileSet } from '../source/types.ts';
import { MIB } from '../units.ts';
import { readBack, type ShardDigests } from '../verify/read-back.ts';
import { createProgress, type Progress, type ProgressMeter } from './progress.ts';
import { type ConversionReport, reportOf } from './report.ts';
import { writeShard } from './shard.ts';

export interface RunOptions {
  /** The files that the plan was made from. */
  readonly files: FileSet;
  readonly sink: Sink;
  readonly budget?: Budget | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Awaited before each tile is written and each piece is read back: the work stands still while it is pending. */
  readonly gate?: (() => Promise<void>) | undefined;
}

/** Small files are copied in pieces of this size. */
const COPY_BYTES = 4 * MIB;

/**
 * Runs a plan: writes its shards, reads every byte of them back and compares, then writes the files beside them, the
 * config and last the index.
 *
 * When it fails or is cancelled, everything written is taken back.
 * @throws LoomError `not-convertible`, `cancelled`, `verify-failed`, and what source and sink throw.
 */
export async function runPlan(plan: ConversionPlan, options: RunOptions): Promise<ConversionReport> {
  if (plan.refusals.length > 0) {
    throw new LoomError('not-convertible', plan.refusals.map((refusal) => refusal.message).join(' '), {
      refusals: plan.refusals.length,
    });
  }
  const sources = openSources(options.files);
  try {
    return await runAll(plan, options, sources);
  } catch (error) {
    await options.sink.discard();
    throw error;
  } finally {
    await sources.dispose();
  }
}

async function runAll(plan: ConversionPlan, options: RunOptions, sources: Sources): Promise<ConversionReport> {
  const { sink, signal } = options;
  const budget = options.budget ?? createBudget();
  const meter = createProgress(plan, options.onProgress);
  for (const shard of plan.shards) {
    throwIfAborted(signal);
    const digests = await writeOne(shard, options, sources, budget, meter);
    meter.enter('verify', shard.file);
    await readBack({
      shard,
      digests,
      files: withGate(sink.files(), options.gate),
      budget,
      signal,
      onBytes: meter.verified,
    });
  }
  await sources.assertUnchanged(signal);
  meter.enter('finish', null);
  for (const { file } of plan.copies) await copyFile(options, sources, file);
  const report = reportOf(plan, options.files.identity);
  await writeText(sink, REPORT_FILE, `${JSON.stringify(report, null, 2)}\n`, signal);
  if (plan.config) await writeText(sink, 'config.json', plan.config.text, signal);
  await writeText(sink, INDEX_FILE, plan.index, signal);
  meter.finish();
  return report;
}

async function writeOne(
  shard: OutputShard,
  options: RunOptions,
  sources: Sources,
  budget: Budget,
  meter: ProgressMeter,
): Promise<ShardDigests> {
  const { sink, signal } = options;
  meter.enter('write', shard.file);
  const file = await sink.create(shard.file, shard.byteLength, { signal });
  try {
    const digests = await writeShard({
      shard,
      file,
      open: sources.open,
      budget,
      signal,
      onBytes: meter.written,
      gate: options.gate,
    });
    await file.commit({ signal });
    return digests;
  } catch (error) {
    await file.abort();
    throw error;
  }
}

async function copyFile(options: RunOptions, sources: Sources, name: string): Promise<void> {
  const { sink, signal } = options;
  const source = await sources.open(name);
  const file = await sink.create(name, source.byteLength, { signal });
  try {
    for (let start = 0; start < source.byteLength; start += COPY_BYTES) {
      const end = Math.min(source.byteLength, start + COPY_BYTES);
      await file.write(await source.read({ start, end }, { signal }), start, { signal });
    }
    await file.commit({ signal });
  } catch (error) {
    await file.abort();
    throw error;
  }
}

/** Writes a small text file, whole or not at all. */
export async function writeText(
  sink: Sink,
  name: string,
  text: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  const file = await sink.create(name, bytes.byteLength, { signal });
  try {
    await file.write(bytes, 0, { signal });
    await file.commit({ signal });
  } catch (error) {
    await file.abort();
    throw error;
  }
}

/** Reads wait for the gate. */
function withGate(files: FileSet, gate: (() => Promise<void>) | undefined): FileSet {
  if (!gate) return files;
  return {
    ...files,
    open: async (name, options) => {
      const source = await files.open(name, options);
      return {
        ...source,
        read: async (range, readOptions) => {
          await gate();
          return source.read(range, readOptions);
        },
      };
    },
  };
}

/** Every source file that was opened stays open until the run ends. */
interface Sources {
  readonly open: (name: string) => Promise<ByteSource>;
  /** @throws LoomError `source-changed` when a file is not what it was when it was opened. */
  readonly assertUnchanged: (signal: AbortSignal | undefined) => Promise<void>;
  readonly dispose: () => Promise<void>;
}

function openSources(files: FileSet): Sources {
  const opened = new Map<string, Promise<ByteSource>>();
  const open = (name: string) => {
    const known = opened.get(name);
    if (known) return known;
    const source = files.open(name);
    opened.set(name, source);
    return source;
  };
  return {
    open,
    assertUnchanged: async (signal) => {
      for (const [name, source] of opened) {
        const again = await files.open(name, { signal });
        const same = again.key === (await source).key;
        await again.dispose?.();
        if (!same)
          throw new LoomError('source-changed', `${name} changed while it was being converted; run again.`, {
            file: name,
          });
      }
    },
    dispose: async () => {
      for (const source of opened.values()) await (await source.catch(() => null))?.dispose?.();
    },
  };
}
