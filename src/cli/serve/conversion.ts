import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { type FolderOutput, openFolderOutput } from '../../core/convert/output.node.ts';
import { createNodeDigest } from '../../core/convert/sha256.node.ts';
import {
  type ConversionPlan,
  DEFAULT_BUDGET_BYTES,
  type FileSet,
  isAbort,
  isLoomError,
  LoomError,
  planWithValues,
  runPlan,
  type ServedConversion,
  type ServedWish,
  sameName,
  shellWord,
  whyNoFolderName,
} from '../../core/index.ts';
import { assumption, parseTarget } from '../common.ts';
import { planRefused } from '../convert.ts';
import { openAssuming } from '../reading.ts';
import { runnersFor } from '../runners.ts';
import type { SourceFlags } from '../source.ts';

/** A source as the command line took it. */
export interface NamedSource {
  readonly text: string;
  readonly flags: SourceFlags;
}

/** The one conversion that a served page may ask for at a time. */
export interface ServedWork {
  state(): ServedConversion;
  /** Answers once it has begun. @throws LoomError `usage` for a wish that cannot be granted, and what planning throws. */
  start(wish: ServedWish, source: NamedSource): Promise<void>;
  /** Stops what runs, and keeps its finished shards. */
  stop(): Promise<void>;
}

const NOTHING: ServedConversion = {
  status: 'none',
  out: '',
  target: '',
  bytesDone: 0,
  bytesTotal: 0,
  bytesProven: 0,
  shardsDone: 0,
  shardsTotal: 0,
  message: '',
  repo: null,
};

/**
 * Conversions into folders directly below `folder`, by this process. `onResult` takes a proven result and gives the name
 * under which it is served.
 */
export function createServedWork(folder: string, onResult: (out: string) => Promise<string>): ServedWork {
  let state = NOTHING;
  let running: { readonly stop: AbortController; readonly ended: Promise<void> } | null = null;
  const set = (change: Partial<ServedConversion>) => {
    state = { ...state, ...change };
  };

  /** Works a prepared conversion off; how it ends is in the state. */
  const perform = async ({ plan, files, output, runners }: Prepared, source: string, signal: AbortSignal) => {
    const out = output.sink.identity;
    const { end, ...working } = runners;
    try {
      await runPlan(plan, {
        files,
        ...output,
        signal,
        streamDigest: createNodeDigest,
        onProgress: ({ writtenBytes, verifiedBytes, shardsDone }) =>
          set({ bytesDone: writtenBytes, bytesProven: verifiedBytes, shardsDone }),
        ...working,
      });
      const message = `Proven: every byte of ${plan.tensors} tensors is equal.`;
      set({ status: 'done', repo: await onResult(out), message });
    } catch (error) {
      const status = isAbort(error) ? 'stopped' : 'failed';
      set({ status, message: wordsOf(error, source, plan.target, out) });
    } finally {
      await end?.();
      await files.dispose?.();
      running = null;
    }
  };

  return {
    state: () => state,
    start: async (wish, source) => {
      if (running) throw new LoomError('usage', 'A conversion is running. Wait for its end, or stop it.');
      const stop = new AbortController();
      const prepared = prepare(wish, source, folder, stop.signal);
      // No other one starts while this one is prepared.
      const ignored = prepared.then(
        () => undefined,
        () => undefined,
      );
      running = { stop, ended: ignored };
      try {
        const job = await prepared;
        const { plan, output } = job;
        const begin = { status: 'running', out: output.sink.identity, target: wish.target } as const;
        state = { ...NOTHING, ...begin, bytesTotal: plan.bytes, shardsTotal: plan.shards.length };
        running = { stop, ended: perform(job, source.text, stop.signal) };
      } catch (error) {
        running = null;
        throw error;
      }
    },
    stop: async () => {
      running?.stop.abort();
      await running?.ended;
    },
  };
}

/** A conversion with all that may refuse it behind it. */
interface Prepared {
  readonly plan: ConversionPlan;
  readonly files: FileSet;
  readonly output: FolderOutput;
  readonly runners: ReturnType<typeof runnersFor>;
}

/** @throws LoomError `usage` for a name or an option that is none, and what planning and opening the output throw. */
async function prepare(
  wish: ServedWish,
  { text, flags: given }: NamedSource,
  folder: string,
  signal: AbortSignal,
): Promise<Prepared> {
  const reason = whyNoFolderName(wish.name) ?? (await whyTaken(wish.name, folder));
  if (reason !== null) throw new LoomError('usage', reason);
  const out = join(folder, wish.name);
  await insistInside(out, folder);
  const flags = { ...given, ...(wish.assume === null ? {} : { assume: wish.assume }) };
  assumption(flags);
  const { files, path, checkpoint, assumed } = await openAssuming(text, flags, signal);
  const options = {
    ...assumed,
    ...(wish.layers === null ? {} : { layers: wish.layers }),
    ...(wish.dtype === null ? {} : { dtype: wish.dtype }),
    ...(wish.maxShardBytes === null ? {} : { maxShardBytes: wish.maxShardBytes }),
    keepRest: wish.keepRest,
    keepMtp: wish.keepMtp,
  };
  const plan = await planWithValues(checkpoint, files, parseTarget(wish.target), { ...options, signal });
  if (plan.refusals.length > 0) throw planRefused(plan, checkpoint);
  const output = await openFolderOutput(out, plan, files, { source: path ?? undefined, unfinished: 'resume', signal });
  const settings = { engine: 'auto', memory: DEFAULT_BUDGET_BYTES, threads: null } as const;
  return { plan, files, output, runners: runnersFor(plan, path, output.sink.identity, settings) };
}

/** Another case of a name is the same folder on macOS and Windows, and only looks like another elsewhere. */
async function whyTaken(name: string, folder: string): Promise<string | null> {
  const names = await readdir(folder).catch(() => []);
  const other = names.find((each) => each !== name && sameName(each, name));
  return other === undefined
    ? null
    : `"${name}" differs from "${other}", which is there, only in its spelling. Choose another name.`;
}

/** A folder, or a link, of that name may lead elsewhere. @throws LoomError `path-outside-folder`. */
async function insistInside(out: string, folder: string): Promise<void> {
  const real = await realpath(out).catch(() => null);
  if (real === null || real === join(await realpath(folder), out.slice(folder.length + 1))) return;
  throw new LoomError('path-outside-folder', `${out} is a link that leads elsewhere. Choose another name.`);
}

function wordsOf(error: unknown, source: string, target: string, out: string): string {
  const resume = `Convert again with the same name to resume, or run: ${['moe-loom', 'convert', source, '--to', target, '--out', out, '--resume'].map(shellWord).join(' ')}`;
  if (isAbort(error)) return `Stopped. Finished shards are kept. ${resume}`;
  return isLoomError(error) ? error.message : `This program failed: ${String(error)}`;
}
