import {
  type Checkpoint,
  type CompareReport,
  type Correspondence,
  chainLines,
  compareMarkdown,
  compareReport,
  compareValues,
  correspond,
  createPairDrawer,
  entryFacts,
  mistakeLines,
  STATUSES,
  type ValueReport,
  verdictOf,
  withValues,
} from '../../src/core/index.ts';
import type { SourceDescriptor } from '../inspect/protocol.ts';
import type { InspectSession } from '../inspect/session.ts';
import { openSource } from '../link/sources.ts';
import {
  type CompareApi,
  type CompareCells,
  type CompareHead,
  PROOFS,
  type Proof,
  type ValueSelection,
} from './protocol.ts';
import { createCompareTree, leastOf, rowOf, type TreeSubject } from './tree.ts';

/** Least time between two events of progress, in ms. */
const EVENT_MS = 100;

export type CompareService = Omit<CompareApi, 'open' | 'match'> & {
  head(): CompareHead;
  dispose(): Promise<void>;
};

/** Answers questions about two checkpoints; the left one's files are opened when values are first compared. */
export function createCompareService(
  left: Checkpoint,
  leftSource: SourceDescriptor,
  right: InspectSession,
): CompareService {
  const found = correspond(left, right.checkpoint);
  const tree = createCompareTree(found);
  const drawer = createPairDrawer(found, left, right.checkpoint);
  const proofs = new Uint8Array(found.entries.length);
  const proofOf = (index: number): Proof => PROOFS[proofs[index] ?? 0] ?? 'none';
  let values: ValueReport | null = null;
  let subject: TreeSubject = { ...found, proofOf };
  let listed: { readonly key: string; readonly nodes: ReturnType<typeof tree.list> } | null = null;
  const opened: { files: Awaited<ReturnType<typeof openSource>> | null } = { files: null };

  const nodesOf = (query: Parameters<CompareApi['page']>[0]) => {
    const key = JSON.stringify(query);
    if (listed?.key !== key) listed = { key, nodes: tree.list(subject, query) };
    return listed.nodes;
  };
  const report = () => compareReport(found, values);
  const chosen = (selection: ValueSelection) => entriesOf(selection, found, tree);
  return {
    head: () => headOf(report(), found, subject),
    page: (query, from, to) => {
      const nodes = nodesOf(query);
      return { count: nodes.length, rows: nodes.slice(from, to).map((node) => rowOf(node, subject)) };
    },
    placeOf: (query, selection) => {
      const nodes = nodesOf(query);
      const wanted = new Set(chosen(selection));
      const deepest = nodes.findLastIndex((node) => node.level > 1 && node.indices.some((index) => wanted.has(index)));
      const at = nodes.findIndex((node) => node.level > 1 && node.indices.some((index) => wanted.has(index)));
      const home = nodes.findIndex((node) => node.indices.some((index) => wanted.has(index)));
      const found = selection.kind === 'tensor' ? deepest : at;
      return found >= 0 ? found : home >= 0 ? home : null;
    },
    pairs: (selection) =>
      chosen(selection).flatMap((index) => {
        const entry = subject.entries[index];
        return entry ? [{ facts: entryFacts(entry, found.prefixes), proof: proofOf(index) }] : [];
      }),
    picture: drawer.picture,
    size: (selection) =>
      sizeOf(
        chosen(selection).filter((index) => proofOf(index) === 'none'),
        found,
      ),
    measure: async (selection, onProgress, signal) => {
      const source = opened.files ?? (await openSource(leftSource, { signal }));
      opened.files = source;
      let told = 0;
      const open = chosen(selection).filter((index) => proofOf(index) === 'none');
      const made = await compareValues(found, { checkpoint: left, files: source.files }, right, {
        selection: open,
        signal,
        onProgress: (done, total, entry) => {
          const now = performance.now();
          if (done < total && now - told < EVENT_MS) return;
          told = now;
          onProgress({ done, total, tensor: found.entries[entry]?.left?.tensor.name ?? '' });
        },
      });
      values = values ? merged(values, made) : made;
      noteProofs(proofs, open, made, found);
      subject = { ...found, ...withValues(found, values), proofOf };
      listed = null;
      return headOf(report(), found, subject);
    },
    report: () => new Blob([JSON.stringify(report(), null, 2)], { type: 'application/json' }),
    markdown: () => compareMarkdown(report()),
    dispose: async () => {
      await opened.files?.repo?.dispose?.();
      await right.dispose();
    },
  };
}

function entriesOf(
  selection: ValueSelection,
  { entries }: Correspondence,
  tree: ReturnType<typeof createCompareTree>,
): readonly number[] {
  switch (selection.kind) {
    case 'all':
      return [...entries.keys()];
    case 'row':
      return tree.entriesOf(selection.key);
    case 'expert':
      return tree.entriesOf(`${selection.group}.${selection.expert}`);
    case 'tensor':
      return [...entries.keys()].filter((index) => {
        const entry = entries[index];
        return (entry?.left ?? entry?.right)?.tensor.name === selection.name;
      });
    case 'group':
      return [...entries.keys()].filter((index) => entries[index]?.slot?.group === selection.group);
  }
}

function sizeOf(indices: readonly number[], { entries }: Correspondence) {
  const size = { pairs: 0, left: 0, right: 0 };
  for (const index of indices) {
    const entry = entries[index];
    if (!entry?.left || !entry.right) continue;
    size.pairs += 1;
    size.left += entry.left.bytes;
    size.right += entry.right.bytes;
  }
  return size;
}

/** Two comparisons of different entries as one. */
function merged(before: ValueReport, now: ValueReport): ValueReport {
  const differences = [...before.differences, ...now.differences].sort((a, b) => a.entry - b.entry);
  const sum = (side: 'left' | 'right') => ({
    reads: before.reads[side].reads + now.reads[side].reads,
    bytes: before.reads[side].bytes + now.reads[side].bytes,
  });
  return {
    compared: before.compared + now.compared,
    equal: before.equal + now.equal,
    equalAfterCast: before.equalAfterCast + now.equalAfterCast,
    bytes: { left: before.bytes.left + now.bytes.left, right: before.bytes.right + now.bytes.right },
    differences,
    skipped: [...before.skipped, ...now.skipped],
    mistakes: [...before.mistakes, ...now.mistakes],
    unsearched: now.unsearched ?? before.unsearched,
    reads: { left: sum('left'), right: sum('right') },
  };
}

function noteProofs(
  proofs: Uint8Array,
  selection: readonly number[],
  report: ValueReport,
  found: Correspondence,
): void {
  const code = (proof: Proof) => PROOFS.indexOf(proof);
  for (const index of selection) {
    const entry = found.entries[index];
    if (entry?.left && entry.right) proofs[index] = code(entry.status === 'dtype-changed' ? 'cast' : 'equal');
  }
  for (const { entry } of report.skipped) proofs[entry] = code('skipped');
  for (const { entry } of report.differences) proofs[entry] = code('different');
}

function headOf(report: CompareReport, found: Correspondence, subject: TreeSubject): CompareHead {
  const { equal, compared, left, right, layers, prefixes, notes, counts, differences, values } = report;
  return {
    ...{ equal, compared, left, right, layers, prefixes, notes, counts },
    differences: differences.length,
    verdict: verdictOf(report),
    chains: chainLines(report),
    cells: cellsOf(found, subject),
    values: values && {
      compared: values.compared,
      equal: values.equal,
      equalAfterCast: values.equalAfterCast,
      different: values.differences.length,
      skipped: values.skipped.length,
      bytes: values.bytes,
      reads: { left: values.reads.left.reads, right: values.reads.right.reads },
      mistakes: mistakeLines(values.mistakes),
      unsearched: values.unsearched,
    },
  };
}

/** What each cell of both maps shows. */
function cellsOf({ groups }: Correspondence, subject: TreeSubject): CompareCells[] {
  const cells = groups.map((pair, group) => {
    const experts = Math.max(pair.left.experts ?? 0, pair.right.experts ?? 0);
    return {
      group,
      left: pair.left.prefix,
      right: pair.right.prefix,
      own: Array.from({ length: experts }, () => [] as number[]),
    };
  });
  for (const [index, { slot }] of subject.entries.entries()) if (slot) cells[slot.group]?.own[slot.expert]?.push(index);
  return cells.map(({ own, ...about }) => ({
    ...about,
    status: Uint8Array.from(own, (indices) =>
      indices.reduce((worst, index) => Math.max(worst, STATUSES.indexOf(subject.entries[index]?.status ?? 'same')), 0),
    ),
    proof: Uint8Array.from(own, (indices) => PROOFS.indexOf(leastOf(indices, subject))),
  }));
}
