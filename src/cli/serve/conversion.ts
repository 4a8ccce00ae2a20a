import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { openFolderOutput } from '../../core/convert/output.node.ts';
import { createNodeDigest } from '../../core/convert/sha256.node.ts';
import {
  DEFAULT_BUDGET_BYTES,
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
import { planRefused, runnersFor } from '../convert.ts';
import { openAssuming } from '../reading.ts';

/** The one conversion that a served page may ask for at a time. */
export interface ServedWork {
  state(): ServedConversion;
  /** Answers once it has begun. @throws LoomError `usage` for a wish that cannot be granted, and what planning throws. */
  start(wish: ServedWish, source: string): Promise<void>;
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

  const run = async (wish: ServedWish, source: string, out: string, stop: AbortController, begun: () => void) => {
    const { signal } = stop;
    const flags = wish.assume === null ? {} : { assume: wish.assume };
    assumption(flags);
    const { files, path, checkpoint, assumed } = await openAssuming(source, flags, signal);
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
    const output = await openFolderOutput(out, plan, files, {
      source: path ?? undefined,
      unfinished: 'resume',
      signal,
    });
    const { end, ...working } = runnersFor(plan, path, output.sink.identity, {
      engine: 'auto',
      memory: DEFAULT_BUDGET_BYTES,
      threads: null,
    });
    set({ bytesTotal: plan.bytes, shardsTotal: plan.shards.length });
    begun();
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
    } finally {
      await end?.();
      await files.dispose?.();
    }
    set({
      status: 'done',
      repo: await onResult(out),
      message: `Proven: every byte of ${plan.tensors} tensors is equal.`,
    });
  };

  return {
    state: () => state,
    start: async (wish, source) => {
      if (running) throw new LoomError('usage', 'A conversion is running. Wait for its end, or stop it.');
      const reason = whyNoFolderName(wish.name) ?? (await whyTaken(wish.name, folder));
      if (reason !== null) throw new LoomError('usage', reason);
      const out = join(folder, wish.name);
      await insistInside(out, folder);
      const stop = new AbortController();
      state = { ...NOTHING, status: 'running', out, target: wish.target };
      await new Promise<void>((resolve, reject) => {
        let begun = false;
        const ended = run(wish, source, out, stop, () => {
          begun = true;
          resolve();
        })
          .catch((error: unknown) => {
            if (begun)
              set({ status: isAbort(error) ? 'stopped' : 'failed', message: wordsOf(error, source, wish, out) });
            else {
              state = NOTHING;
              reject(error);
            }
          })
          .finally(() => {
            running = null;
          });
        running = { stop, ended };
      });
    },
    stop: async () => {
      running?.stop.abort();
      await running?.ended;
    },
  };
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

function wordsOf(error: unknown, source: string, { target }: ServedWish, out: string): string {
  const resume = `Convert again with the same name to resume, or run: ${['moe-loom', 'convert', source, '--to', target, '--out', out, '--resume'].map(shellWord).join(' ')}`;
  if (isAbort(error)) return `Stopped. Finished shards are kept. ${resume}`;
  return isLoomError(error) ? error.message : `This program failed: ${String(error)}`;
}
