import { type Emitted, joined, markdown } from '../embed/emitted.ts';
import {
  markdownCode as code,
  markdownList as list,
  markdownTable as table,
  markdownText as text,
} from '../embed/markdown.ts';
import { TOOL } from '../embed/tool.ts';
import { formatBytes, formatInteger, plural } from '../units.ts';
import { type CompareReport, type EntryFacts, mistakeLines } from './report.ts';
import { STATUSES, type Status } from './types.ts';
import { describeValues } from './values.ts';

/** Maximum number of lines of one kind in a summary; JSON has all of them. */
const LISTED = 20;

/** Labels of statuses. */
export const STATUS_WORDS: Readonly<Record<Status, string>> = {
  same: 'same',
  moved: 'moved',
  renamed: 'renamed',
  reshaped: 'reshaped',
  'dtype-changed': 'dtype changed',
  'shape-changed': 'size changed',
  'value-changed': 'value changed',
  'only-left': 'only left',
  'only-right': 'only right',
};

/**
 * The verdict in one sentence, with what was compared.
 *
 * @example
 * ```ts
 * import { compareReport, correspond, verdictOf } from 'moe-loom/compare';
 * import { openCheckpoint } from 'moe-loom/layouts';
 * import { openFolder } from 'moe-loom/node';
 * const left = await openCheckpoint(await openFolder('model'));
 * const right = await openCheckpoint(await openFolder('stacked'));
 * const [first] = verdictOf(compareReport(correspond(left, right), null)).split('. ');
 * console.log(first); // → Every tensor has a match, and the headers agree
 * ```
 */
export function verdictOf(report: CompareReport): string {
  const { equal, differences, values, left, layers } = report;
  const scope = layers ? ` of layers ${layers.join(', ')}` : '';
  if (!values) {
    const rest = 'Names, dtypes and sizes were compared, but not values.';
    if (equal) return `Every tensor${scope} has a match, and the headers agree. ${rest}`;
    return `${plural(differences.length, 'difference')}${scope} in the headers. ${rest}`;
  }
  const bytes = `${formatInteger(values.bytes.left)} bytes on the left`;
  const part =
    values.compared < pairsOf(report)
      ? `${formatInteger(values.compared)} of ${formatInteger(pairsOf(report))} pairs`
      : `all ${plural(values.compared, 'pair')}`;
  const others = differences.filter((each) => each.status !== 'value-changed').length;
  if (values.differences.length > 0)
    return `${formatInteger(values.differences.length)} of ${plural(values.compared, 'pair')} compared by value ${values.differences.length === 1 ? 'differs' : 'differ'}${others === 0 ? '' : `; the headers have ${plural(others, 'more difference')}`}.`;
  const same = values.equalAfterCast > 0 ? 'equal, some after a cast' : 'byte-identical';
  const found = `${part} compared by value (${bytes}): ${same}.`;
  const rest = equal ? '' : ` The headers have ${plural(others, 'difference')}.`;
  return `${found.charAt(0).toUpperCase()}${found.slice(1)}${rest}${left.tensors === 0 ? ' The checkpoints have no tensors.' : ''}`;
}

function pairsOf({ counts }: CompareReport): number {
  return STATUSES.filter((status) => !status.startsWith('only')).reduce(
    (sum, status) => sum + counts[status].entries,
    0,
  );
}

/**
 * A summary to paste into an issue or a model card.
 *
 * @example
 * ```ts
 * import { compareMarkdown, compareReport, correspond } from 'moe-loom/compare';
 * import { openCheckpoint } from 'moe-loom/layouts';
 * import { openFolder } from 'moe-loom/node';
 * const left = await openCheckpoint(await openFolder('model'));
 * const text = compareMarkdown(compareReport(correspond(left, left), null));
 * console.log(text.split('\n')[0]); // → ## Two checkpoints compared
 * ```
 */
export function compareMarkdown(report: CompareReport): Emitted<'markdown'> {
  const { left, right } = report;
  const facts: readonly (readonly [string, Markdown, Markdown])[] = [
    ['Source', code(left.identity), code(right.identity)],
    ['Model type', text(left.modelType ?? 'unknown'), text(right.modelType ?? 'unknown')],
    ['Experts stored as', text(left.layout), text(right.layout)],
    ['Tensors', text(formatInteger(left.tensors)), text(formatInteger(right.tensors))],
    ['Matched tensors', text(formatInteger(left.paired)), text(formatInteger(right.paired))],
    ['Bytes of tensors', text(formatInteger(left.bytes)), text(formatInteger(right.bytes))],
  ];
  const statuses = shownCounts(report).map((row) =>
    [row.words, formatInteger(row.entries), formatInteger(row.leftBytes), formatInteger(row.rightBytes)].map(text),
  );
  const notes = [
    ...chainLines(report).map(text),
    ...report.prefixes.map(
      (rule) =>
        markdown`Names that start with ${code(rule.left)} on the left start with ${code(rule.right)} on the right: ${text(rule.reason)}.`,
    ),
    ...report.notes.map(text),
  ];
  const parts = [
    markdown`## Two checkpoints compared`,
    markdown`**${text(verdictOf(report))}**`,
    table(
      ['', 'Left', 'Right'].map(text),
      facts.map(([what, ...sides]) => [text(what), ...sides]),
    ),
    table(['Status', 'Pairs', 'Bytes left', 'Bytes right'].map(text), statuses),
    ...(notes.length > 0 ? [list(notes)] : []),
    ...section(
      'Diagnosis',
      mistakesOf(report).map((line) => [line]),
    ),
    ...section('Differences', differences(report)),
    markdown`Made by ${TOOL}.`,
  ];
  return markdown`${joined(parts, '\n\n')}\n`;
}

type Markdown = Emitted<'markdown'>;

/** Statuses that occur, with their labels and counts. */
export function shownCounts({ counts }: Pick<CompareReport, 'counts'>) {
  return STATUSES.filter((status) => counts[status].entries > 0).map((status) => ({
    status,
    words: STATUS_WORDS[status],
    ...counts[status],
  }));
}

/** The operations between the two layouts, once for all layers that share them. */
export function chainLines({ groups }: Pick<CompareReport, 'groups'>): string[] {
  const chains = new Map<string, number>();
  for (const { operations } of groups) {
    const text = Object.entries(operations)
      .map(([content, steps]) => `${content}: ${steps.length === 0 ? 'none' : steps.join(' → ')}`)
      .join('; ');
    chains.set(text, (chains.get(text) ?? 0) + 1);
  }
  return [...chains].map(
    ([text, layers]) => `${plural(layers, 'layer')} with experts, operations from left to right: ${text}.`,
  );
}

/** The mistakes that explain the differences, each with what to do about it. */
export function mistakesOf({ values }: Pick<CompareReport, 'values'>): string[] {
  const lines = mistakeLines(values?.mistakes ?? []).map(({ message, cure }) =>
    cure ? `${message} ${cure}` : message,
  );
  return [...lines, ...(values?.unsearched ? [values.unsearched] : [])];
}

/**
 * One line for each difference; differences of values come first.
 *
 * @example
 * ```ts
 * import { compareReport, correspond, differenceLines } from 'moe-loom/compare';
 * import { openCheckpoint } from 'moe-loom/layouts';
 * import { openFolder } from 'moe-loom/node';
 * const left = await openCheckpoint(await openFolder('model'));
 * console.log(differenceLines(compareReport(correspond(left, left), null))); // → []
 * ```
 */
export function differenceLines(report: CompareReport): string[] {
  return differences(report).map((phrase) =>
    phrase.map((part) => (typeof part === 'string' ? part : part.name)).join(''),
  );
}

/** A sentence that marks names from files, so that they are printed as code. */
type Phrase = readonly (string | { readonly name: string })[];

function differences(report: CompareReport): Phrase[] {
  const byValue = (report.values?.differences ?? []).map((each) => [describeValues(each)]);
  const skipped = (report.values?.skipped ?? []).map(({ left, reason }) => [
    { name: left },
    ` was not compared: ${reason}`,
  ]);
  const byHeader = report.differences.filter((each) => each.status !== 'value-changed');
  return [...byValue, ...byHeader.map(describeEntry), ...skipped];
}

function describeEntry({ status, left, right, expert, projection, note }: EntryFacts): Phrase {
  const of = expert === null ? '' : ` (expert ${expert}'s ${projection})`;
  const names =
    left && right && left.tensor !== right.tensor
      ? [{ name: left.tensor }, ' ↔ ', { name: right.tensor }]
      : [{ name: left?.tensor ?? right?.tensor ?? '' }];
  const size = formatBytes(left?.bytes ?? right?.bytes ?? 0);
  return [`${STATUS_WORDS[status]}: `, ...names, `${of}, ${size}${note === null ? '' : `: ${note}`}`];
}

function section(title: string, phrases: readonly Phrase[]): Markdown[] {
  if (phrases.length === 0) return [];
  const rest = phrases.length - LISTED;
  const shown = phrases
    .slice(0, LISTED)
    .map((phrase) => joined(phrase.map((part) => (typeof part === 'string' ? text(part) : code(part.name)))));
  const more = rest > 0 ? [text(`… and ${formatInteger(rest)} more`)] : [];
  return [markdown`### ${text(title)}`, list([...shown, ...more])];
}
