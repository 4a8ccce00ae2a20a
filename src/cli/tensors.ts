import type { Command } from 'commander';
import {
  createTensorTable,
  DTYPES,
  detectLayout,
  formatBytes,
  formatShape,
  isTensorRole,
  LoomError,
  meaningWords,
  plural,
  TENSOR_COLUMNS,
  TENSOR_ROLE_IDS,
  TENSOR_ROLES,
  type TensorAnswer,
  type TensorColumn,
  type TensorFacets,
  type TensorFilter,
  type TensorQuery,
  type TensorRole,
  type TensorRow,
  type TensorTable,
} from '../core/index.ts';
import { withChoices } from './choices.ts';
import { assumption, interruptSignal, parseLayers, print, printJson } from './common.ts';
import { tellErrorsOf } from './damage.ts';
import { openCheckpointAt, type ReadingFlags, SOURCE_HELP, withReading } from './source.ts';
import { tell } from './terminal.ts';

interface TensorFlags extends ReadingFlags {
  readonly search?: string;
  readonly match: string;
  readonly role?: string;
  readonly layer?: string;
  readonly expert?: string;
  readonly file?: string;
  readonly dtype?: string;
  readonly sort: string;
  readonly reverse?: boolean;
  readonly limit?: string;
}

/** Rows printed as text without `--limit`: about a screen. */
const USUAL_ROWS = 50;
/** Rows taken from the table at a time. */
const PAGE = 10_000;
/** Columns of which the largest come first, as in the app. */
const LARGEST_FIRST: readonly TensorColumn[] = ['bytes', 'shape'];

/** `moe-loom tensors <source>`: every tensor, searched, filtered and sorted, from headers alone. Exit 1 when the checkpoint has an error. */
export function addTensors(program: Command): void {
  const command = program
    .command('tensors')
    .description('list tensors with their role, dtype, shape, bytes and file')
    .argument('<source>', SOURCE_HELP)
    .option(
      '--search <text>',
      'words in the tensor names; words such as router, lm head, norm, layer 3 and expert 5 also find tensors by their role',
    )
    .option('--match <how>', 'words, regex or fuzzy (letters in this order)', 'words')
    .option('--role <list>', `only these roles: ${TENSOR_ROLE_IDS.join(', ')}`)
    .option('--layer <list>', 'only these layers, such as 0-3,7')
    .option('--expert <list>', 'only tensors that hold these experts, stacks included, such as 0-3,7')
    .option('--file <list>', 'only tensors in these files, by name')
    .option('--dtype <list>', 'only these dtypes, such as BF16,F8_E4M3')
    .option('--sort <column>', `${TENSOR_COLUMNS.join(', ')}; bytes and shape: the largest first`, 'name')
    .option('--reverse', 'reverse the order')
    .option('--limit <n>', `maximum number of rows; ${USUAL_ROWS} when left out, with --json all`);
  withChoices(command, {
    '--match': Object.keys(MODES),
    '--role': TENSOR_ROLE_IDS,
    '--dtype': DTYPES,
    '--sort': TENSOR_COLUMNS,
  });
  withReading(command).action(async (source: string, flags: TensorFlags) => {
    const asked = parseQuery(flags);
    const limit = parseLimit(flags);
    const signal = interruptSignal();
    const { checkpoint } = await openCheckpointAt(source, flags, signal, 'tell');
    const layout = detectLayout(checkpoint, assumption(flags));
    const table = createTensorTable(checkpoint.tensors, layout);
    const answer = table.query({ ...asked, filter: { ...asked.filter, ...known(flags, table.facets()) } });
    if (answer.problem !== null) throw new LoomError('usage', answer.problem);
    if (flags.json) printJson(asJson(answer, table, limit));
    else {
      print(describe(answer, table, limit));
      if (flags.quiet !== true) for (const meaning of answer.meanings) tell(meaningWords(meaning));
    }
    tellErrorsOf(checkpoint, layout);
  });
}

const MODES: Readonly<Record<string, TensorQuery['mode']>> = { words: 'substring', regex: 'regex', fuzzy: 'fuzzy' };

/** @throws LoomError `usage`. */
function parseQuery(flags: TensorFlags): TensorQuery {
  const mode = Object.hasOwn(MODES, flags.match) ? MODES[flags.match] : undefined;
  if (!mode) refuse('--match', Object.keys(MODES).join(', '), flags.match);
  const sort = TENSOR_COLUMNS.find((column) => column === flags.sort);
  if (!sort) refuse('--sort', TENSOR_COLUMNS.join(', '), flags.sort);
  const filter: TensorFilter = {
    roles: listed(flags.role).map(parseRole),
    dtypes: listed(flags.dtype).map(parseDtype),
    layers: flags.layer === undefined ? [] : parseLayers(flags.layer, '--layer'),
    experts: flags.expert === undefined ? [] : parseLayers(flags.expert, '--expert'),
    shards: [],
  };
  const descending = LARGEST_FIRST.includes(sort) !== (flags.reverse === true);
  return { text: flags.search ?? '', mode, sort, descending, filter };
}

function listed(text: string | undefined): string[] {
  return [...new Set((text ?? '').split(',').map((each) => each.trim()))].filter((each) => each !== '');
}

function parseRole(text: string): TensorRole {
  return isTensorRole(text) ? text : refuse('--role', TENSOR_ROLE_IDS.join(', '), text);
}

function parseDtype(text: string): string {
  const dtype = DTYPES.find((each) => each === text.toUpperCase());
  return dtype ?? refuse('--dtype', DTYPES.join(', '), text);
}

/** Files that the checkpoint has. @throws LoomError `usage` for others. */
function known({ file }: TensorFlags, { shards }: TensorFacets): Pick<TensorFilter, 'shards'> {
  const names = listed(file);
  const here = new Set(shards.map(({ value }) => value));
  const missing = names.find((name) => !here.has(name));
  if (missing === undefined) return { shards: names };
  throw new LoomError(
    'usage',
    `No tensor of this checkpoint is in a file "${missing}". Files are named as in the list of --sort file.`,
  );
}

/** @throws LoomError `usage`. */
function parseLimit({ limit, json }: TensorFlags): number {
  if (limit === undefined) return json ? Number.POSITIVE_INFINITY : USUAL_ROWS;
  if (!/^\d{1,9}$/.test(limit) || Number(limit) === 0) refuse('--limit', 'a number of rows from 1', limit);
  return Number(limit);
}

function refuse(option: string, takes: string, given: string): never {
  throw new LoomError('usage', `${option} takes ${takes}; "${given}" is not one of them.`);
}

function rowsOf({ id, count }: TensorAnswer, table: TensorTable, limit: number): TensorRow[] {
  const rows: TensorRow[] = [];
  const end = Math.min(count, limit);
  for (let from = 0; from < end; from += PAGE) rows.push(...table.rows(id, from, Math.min(end, from + PAGE)));
  return rows;
}

/** What `--json` prints: a contract. `stacked` is the number of experts that a tensor holds as a stack. */
function asJson(answer: TensorAnswer, table: TensorTable, limit: number) {
  const tensors = rowsOf(answer, table, limit).map(({ name, role, layer, expert, stack, dtype, shape, ...rest }) => ({
    name,
    role,
    layer,
    expert,
    ...(stack > 0 ? { stacked: stack } : {}),
    dtype,
    shape,
    bytes: rest.end - rest.start,
    file: rest.file,
    start: rest.start,
    end: rest.end,
  }));
  return { count: answer.count, bytes: answer.bytes, meanings: answer.meanings, tensors };
}

function describe(answer: TensorAnswer, table: TensorTable, limit: number): string[] {
  const rows = rowsOf(answer, table, limit);
  const cells = rows.map(({ role, dtype, shape, start, end, name, file }) => [
    TENSOR_ROLES[role].label,
    dtype,
    formatShape(shape),
    formatBytes(end - start),
    name,
    file,
  ]);
  const more = answer.count - rows.length;
  return [
    ...inColumns(cells),
    `${plural(answer.count, 'tensor')}, ${formatBytes(answer.bytes)}.${more > 0 ? ` ${more} more: use --limit ${answer.count}, or --json.` : ''}`,
  ];
}

/** Cells under each other, two spaces between; the third and fourth column, of numbers, to the right. */
function inColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((cells) => cells[at]?.length ?? 0)));
  return rows.map((cells) =>
    cells
      .map((cell, at) => {
        const width = widths[at] ?? 0;
        if (at === 2 || at === 3) return cell.padStart(width);
        return at === cells.length - 1 ? cell : cell.padEnd(width);
      })
      .join('  '),
  );
}
