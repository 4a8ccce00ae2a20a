/** Bytes of a file, half-open. */
export interface Run {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

/** One file on an axis: from its first run to its last. Runs that are far apart are drawn nearer, with a gap. */
export interface Lane {
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly x: number;
  readonly width: number;
}

/** Files beside each other, each with the bytes that are drawn of it. */
export interface Axis {
  readonly lanes: readonly Lane[];
  /** Where a run that the axis was made for is drawn. */
  place(run: Run): { readonly x: number; readonly width: number };
}

/** How much of an axis lies between two files, in parts of its bytes. */
const BETWEEN_FILES = 0.02;
/** The most that bytes of others between two runs take, each and all together, in parts of the bytes drawn. */
const GAP = { each: 0.012, all: 0.3 } as const;

/** Runs that touch, as one. */
interface Block {
  readonly start: number;
  end: number;
  /** In bytes from the axis' left. */
  at: number;
}

interface Draft {
  readonly file: string;
  readonly blocks: readonly Block[];
  readonly at: number;
  readonly length: number;
}

/** Lengths of both axes of a picture, so that they can have one scale. */
export function axisLength(runs: readonly Run[]): number {
  const drafts = draftsOf(runs);
  const last = drafts.at(-1);
  return last ? last.at + last.length : 0;
}

/** An axis that is drawn `scale` units a byte; files in the order in which their first run comes. */
export function axisOf(runs: readonly Run[], scale: number): Axis {
  const drafts = draftsOf(runs);
  const byFile = new Map(drafts.map((draft) => [draft.file, draft]));
  return {
    lanes: drafts.map(({ file, blocks, at, length }) => ({
      file,
      start: blocks[0]?.start ?? 0,
      end: blocks.at(-1)?.end ?? 0,
      x: at * scale,
      width: length * scale,
    })),
    place: ({ file, start, end }) => {
      const block = blockOf(byFile.get(file)?.blocks ?? [], start);
      return { x: ((block?.at ?? 0) + start - (block?.start ?? start)) * scale, width: (end - start) * scale };
    },
  };
}

function draftsOf(runs: readonly Run[]): Draft[] {
  const files = new Map<string, Run[]>();
  for (const run of runs) {
    const same = files.get(run.file);
    if (same) same.push(run);
    else files.set(run.file, [run]);
  }
  const all = [...files].map(([file, own]) => ({ file, blocks: blocksOf(own) }));
  const total = all.reduce(
    (sum, { blocks }) => sum + blocks.reduce((part, { start, end }) => part + end - start, 0),
    0,
  );
  const gaps = all.reduce((sum, { blocks }) => sum + blocks.length - 1, 0);
  const most = total * Math.min(GAP.each, GAP.all / Math.max(1, gaps));
  let at = 0;
  return all.map(({ file, blocks }): Draft => {
    const from = at;
    blocks.forEach((block, index) => {
      if (index > 0) at += Math.min(most, block.start - (blocks[index - 1]?.end ?? block.start));
      block.at = at;
      at += block.end - block.start;
    });
    const draft = { file, blocks, at: from, length: at - from };
    at += total * BETWEEN_FILES;
    return draft;
  });
}

function blocksOf(runs: readonly Run[]): Block[] {
  const blocks: Block[] = [];
  for (const { start, end } of [...runs].sort((a, b) => a.start - b.start)) {
    const last = blocks.at(-1);
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else blocks.push({ start, end, at: 0 });
  }
  return blocks;
}

/** The last block that begins at or before a byte. */
function blockOf(blocks: readonly Block[], byte: number): Block | undefined {
  let [low, high] = [0, blocks.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((blocks[middle]?.start ?? 0) <= byte) low = middle;
    else high = middle;
  }
  return blocks[low];
}
