import {
  formatBytes,
  frameworkOf,
  nameLayers,
  type RankEntry,
  type RankSummary,
  stackNames,
  stackOf,
  tensorPlace,
} from '../core/index.ts';

type Intervals = RankEntry['experts'];
type Named = { readonly prefix: string; readonly index: number | null };

/** Maximum number of lines for the layers of one rank; above it only `--json` lists them. */
const LIMIT_LINES = 8;

/** The experts in the line of a rank, and the lines below it if layers place experts differently. */
export function expertsText({ experts, layers, slice }: RankEntry): {
  readonly line: string;
  readonly below: readonly string[];
} {
  if (experts.length === 0) return { line: 'no experts', below: [] };
  const cut = slice[1] > 1 ? `, part ${slice[0] + 1} of ${slice[1]} of each` : '';
  if (layers === null) return { line: `experts ${words(experts)}${cut}`, below: [] };
  const lines = layerLines(layers);
  if (lines.length > LIMIT_LINES) return { line: 'experts differ by layer (see --json)', below: [] };
  return { line: 'experts by layer', below: lines };
}

function layerLines(layers: NonNullable<RankEntry['layers']>): string[] {
  const groups = Object.keys(layers).map((prefix): Named => ({ prefix, index: tensorPlace(prefix).layer }));
  const names = stackNames(groups);
  const alike = new Map<string, { readonly groups: Named[]; readonly experts: Intervals }>();
  for (const group of groups) {
    const experts = layers[group.prefix] ?? [];
    const key = `${stackOf(group)} ${words(experts)}`;
    const same = alike.get(key) ?? { groups: [], experts };
    same.groups.push(group);
    alike.set(key, same);
  }
  return Array.from(alike.values(), ({ groups: same, experts }) => {
    const [first] = same;
    const name = nameLayers(same, (first && names.get(stackOf(first))) ?? null);
    return `${name}: ${experts.length === 0 ? 'no experts' : `experts ${words(experts)}`}`;
  });
}

function words(experts: Intervals): string {
  return experts.map(([start, end]) => (end - start === 1 ? start : `${start}–${end - 1}`)).join(', ');
}

/** A column of the table: its heading, whether the framework loads this way, and its value. */
interface Column {
  readonly title: string;
  readonly own: boolean;
  of(rank: ReadEntry): number;
}

type ReadEntry = RankEntry & { readonly read: NonNullable<RankEntry['read']> };

/** Bytes that each rank holds and reads, by way of loading; the way of the framework is marked. Consecutive equal ranks share a line. */
export function readTable(summary: RankSummary): string[] {
  const { loading, framework } = summary;
  const ranks = summary.ranks.flatMap((rank) => (rank.read === null ? [] : [{ ...rank, read: rank.read }]));
  if (ranks.length === 0) return [];
  const title = frameworkOf(framework)?.title ?? framework;
  const filters = ranks.some(({ read }) => read.filter !== undefined);
  const columns: readonly Column[] = [
    { title: 'held', own: false, of: ({ bytes }) => bytes },
    { title: 'spans', own: loading === 'spans', of: ({ read }) => read.spans },
    ...(filters ? [{ title: 'filter', own: false, of: ({ read }: ReadEntry) => read.filter ?? read.everything }] : []),
    { title: 'files', own: false, of: ({ read }) => read.files },
    { title: 'everything', own: loading === 'everything', of: ({ read }) => read.everything },
  ];
  const rows = rowsOf(ranks, columns);
  const head = columns.map((column) => `${column.title}${column.own ? ' *' : '  '}`);
  const cells = rows.map(({ values }) => values.map((bytes) => `${formatBytes(bytes)}  `));
  const widths = columns.map((_, at) => Math.max(...[head, ...cells].map((row) => row[at]?.length ?? 0)));
  const label = Math.max(5, ...rows.map(({ name }) => name.length));
  const line = (name: string, row: readonly string[]) =>
    `  ${name.padEnd(label)}  ${row.map((text, at) => text.padStart(widths[at] ?? 0)).join('  ')}`.trimEnd();
  const own =
    loading === null
      ? `${title} cannot load these files.`
      : `* ${title} reads the bytes in column "${loading}"${filters ? ', with its weight filter those in column "filter"' : ''}.`;
  return [
    'Bytes read   spans: only what the rank holds, in whole rows · files: each file with a part of it, whole · everything: all files',
    line('rank', head),
    ...rows.map(({ name }, at) => line(name, cells[at] ?? [])),
    `  ${own}`,
  ];
}

function rowsOf(ranks: readonly ReadEntry[], columns: readonly Column[]) {
  const rows: { first: number; last: number; readonly values: readonly number[] }[] = [];
  for (const rank of ranks) {
    const values = columns.map((column) => column.of(rank));
    const before = rows.at(-1);
    if (before && values.every((value, at) => value === before.values[at])) before.last = rank.rank;
    else rows.push({ first: rank.rank, last: rank.rank, values });
  }
  return rows.map(({ first, last, values }) => ({ name: first === last ? `${first}` : `${first}–${last}`, values }));
}

/** Sizes near the refused ones that the program accepts. */
export function nearText({ near = [] }: RankSummary): string[] {
  if (near.length === 0) return [];
  const each = near.map((sizes) =>
    Object.entries(sizes)
      .map(([name, size]) => `--${name} ${size}`)
      .join(' '),
  );
  return [`With everything else unchanged, these sizes work: ${each.join('; ')}.`];
}
