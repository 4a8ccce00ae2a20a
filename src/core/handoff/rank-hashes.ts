import { type Budget, createBudget } from '../budget.ts';
import { mapConcurrent } from '../concurrency.ts';
import { LoomError } from '../errors.ts';
import { createDigester, type Hasher } from '../hash.ts';
import { openOnce } from '../open-once.ts';
import { rankTensors } from '../ranks/bytes.ts';
import type { TensorShare } from '../ranks/share.ts';
import type { RankModel, RankSummary } from '../ranks/summary.ts';
import type { Placement } from '../ranks/types.ts';
import type { ByteSource, FileSet } from '../source/types.ts';
import { MIB } from '../units.ts';

/**
 * By rank: SHA-256 of the bytes that the rank keeps of each expert tensor, by its name in the checkpoint, as they lie in
 * the rank's own contiguous tensor (experts in the order of slots). A tensor whose part is no whole number of bytes a
 * column has none.
 */
export type RankHashes = readonly ReadonlyMap<string, string>[];

export interface HashOptions {
  readonly signal?: AbortSignal | undefined;
  /** Buffers come out of it. */
  readonly budget?: Budget | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** `moe-loom ranks --json --hashes`: every rank has its hashes by tensor too. */
export type HashedSummary = Omit<RankSummary, 'ranks'> & {
  readonly ranks: readonly (RankSummary['ranks'][number] & {
    readonly expert_sha256: Readonly<Record<string, string>>;
  })[];
};

/** Tensors that are hashed at once. */
const LANES = 4;
const READ_BYTES = 4 * MIB;

/** A run of the rank's own tensor and where its bytes lie. */
interface Segment {
  readonly to: number;
  readonly start: number;
  readonly end: number;
}

/** One part of one tensor; ranks that keep the same part share it. */
interface Job {
  readonly share: TensorShare;
  readonly segments: readonly Segment[];
  readonly columns: Columns | null;
}

/** What is kept of rows that are read whole. */
interface Columns {
  readonly row: number;
  readonly from: number;
  readonly to: number;
}

interface Lane {
  readonly hasher: Hasher;
  readonly buffer: Uint8Array<ArrayBuffer>;
}

/**
 * Reads every rank's part of every expert tensor and hashes it. Parts that several ranks keep are read once; bytes pass
 * through buffers out of the budget. @throws LoomError what reading throws.
 */
export async function expertHashes(
  { tensorIndex }: RankModel,
  placement: Placement,
  files: FileSet,
  { signal, budget = createBudget(), onProgress }: HashOptions = {},
): Promise<RankHashes> {
  const jobs = new Map<string, Job>();
  const wanted = placement.ranks.map(({ rank }) => {
    const parts = rankTensors(tensorIndex, placement, rank).filter((share) => share.experts !== null);
    return parts.flatMap((share) => addJob(jobs, share));
  });
  const list = [...jobs];
  const row = list.reduce((most, [, job]) => Math.max(most, job.columns?.row ?? 0), 0);
  const size = Math.max(row, Math.floor(Math.min(READ_BYTES, budget.capacity / LANES)));
  const release = await budget.take(LANES * size, signal);
  const sources = openOnce((name) => files.open(name, { signal }));
  const idle: Lane[] = [];
  let done = 0;
  try {
    const digests = await mapConcurrent(
      list,
      LANES,
      async ([key, job], inner) => {
        const name = tensorIndex.files[job.share.tensor.file]?.name ?? '';
        const lane = idle.pop() ?? { hasher: await createDigester(), buffer: new Uint8Array(size) };
        const digest = await hashPart(job, await sources.open(name), lane, inner);
        idle.push(lane);
        onProgress?.(++done, list.length);
        return [key, digest] as const;
      },
      signal,
    );
    const known = new Map(digests);
    return wanted.map((parts) => new Map(parts.map(([name, key]) => [name, known.get(key) ?? ''])));
  } finally {
    release();
    await sources.dispose();
  }
}

/** The part's name and its job's key; none where columns do not begin at bytes. */
function addJob(jobs: Map<string, Job>, share: TensorShare): (readonly [string, string])[] {
  const { tensor, pieces } = share;
  const columns = columnsOf(share);
  if (columns === undefined) return [];
  const segments = pieces
    .flatMap(({ start, end, to, also }) => [to, ...also].map((at): Segment => ({ to: at, start, end })))
    .sort((a, b) => a.to - b.to);
  const cut = columns ? `${columns.from}-${columns.to}` : '';
  const key = `${tensor.name}/${cut}/${segments.map(({ start, end }) => `${start}-${end}`).join()}`;
  if (!jobs.has(key)) jobs.set(key, { share, segments, columns });
  return [[tensor.name, key]];
}

/** Null for rows kept whole, undefined for what cannot be cut at bytes. */
function columnsOf({ tensor, pieces }: TensorShare): Columns | null | undefined {
  const kept = pieces.find((piece) => piece.columns !== null)?.columns;
  if (!kept || !tensor.expert) return null;
  const [rows = 1, width = 1] = tensor.expert.inner;
  const row = (tensor.end - tensor.start) / tensor.expert.count / rows;
  const cut = { row, from: (row / width) * kept[0], to: (row / width) * kept[1] };
  return Object.values(cut).every(Number.isInteger) ? cut : undefined;
}

async function hashPart(job: Job, source: ByteSource, { hasher, buffer }: Lane, signal: AbortSignal): Promise<string> {
  const { columns, share } = job;
  const step = columns ? Math.floor(buffer.byteLength / columns.row) * columns.row : buffer.byteLength;
  hasher.reset();
  let hashed = 0;
  const add = (bytes: Uint8Array) => {
    hasher.update(bytes);
    hashed += bytes.byteLength;
  };
  for (const segment of job.segments) {
    for (let start = segment.start; start < segment.end; start += step) {
      const end = Math.min(segment.end, start + step);
      const bytes = await source.read({ start, end }, { signal, into: buffer });
      if (columns === null) add(bytes);
      else
        for (let row = 0; row < bytes.byteLength; row += columns.row)
          add(bytes.subarray(row + columns.from, row + columns.to));
    }
  }
  if (hashed !== share.bytes)
    throw new LoomError(
      'internal',
      `${hashed} bytes of ${share.tensor.name} were hashed where ${share.bytes} are kept.`,
    );
  return hasher.digest();
}

/** A summary with its ranks' hashes. */
export function withHashes(summary: RankSummary, hashes: RankHashes): HashedSummary {
  return {
    ...summary,
    ranks: summary.ranks.map((entry) => ({ ...entry, expert_sha256: hashesJson(hashes[entry.rank]) })),
  };
}

export function hashesJson(hashes: ReadonlyMap<string, string> | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(hashes ?? []);
}
