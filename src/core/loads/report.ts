import { type Emitted, joined, markdown } from '../embed/emitted.ts';
import { markdownCode as code, markdownTable as table, markdownText as text } from '../embed/markdown.ts';
import { type Mark, monoWidth, type Picture, words } from '../layouts/drawing/picture.ts';
import type { ProgramVerdict } from './types.ts';
import { EVIDENCE_WORDS, loadsSummary, VERDICT_WORDS, verdictCounts, verdictSentence } from './verdict-text.ts';

/**
 * Verdicts as the JSON that `moe-loom loads --json` prints: a contract.
 *
 * @example
 * ```ts
 * import { openCheckpoint } from 'moe-loom/layouts';
 * import { loadsJson, predictLoads } from 'moe-loom/loads';
 * import { openFolder } from 'moe-loom/node';
 * const verdicts = predictLoads(await openCheckpoint(await openFolder('model')));
 * console.log(loadsJson(verdicts).consumers[0].verdict); // → loads-converting
 * ```
 */
export function loadsJson(verdicts: readonly ProgramVerdict[]) {
  const consumers = verdicts.map((each) => {
    const { id, version, verdict, missing, unexpected, mismatched, cure, needs, inference = null } = each;
    const { kind, source, date } = each.evidence;
    const names = { missing, unexpected, mismatched };
    return { id, version, verdict, ...names, evidence: { kind, source, date }, cure, needs, inference };
  });
  return { consumers };
}

/**
 * Verdicts as a Markdown document: heading, summary and one table, in the order of `verdicts`.
 *
 * @example
 * ```ts
 * import { openCheckpoint } from 'moe-loom/layouts';
 * import { loadsMarkdown, predictLoads } from 'moe-loom/loads';
 * import { openFolder } from 'moe-loom/node';
 * const verdicts = predictLoads(await openCheckpoint(await openFolder('model')));
 * console.log(loadsMarkdown('org/name', verdicts).split('\n')[0]); // → ## Which programs load `org/name`
 * ```
 */
export function loadsMarkdown(name: string, verdicts: readonly ProgramVerdict[]): Emitted<'markdown'> {
  const { good, rest } = loadsSummary(verdicts);
  const rows = verdicts.map((each) => [
    text(`${each.title} (${each.version})`),
    text(VERDICT_WORDS[each.verdict]),
    joined([verdictSentence(verdictCounts(each)), ...each.needs.map((need) => `Needs: ${need}`)].map(text), ' '),
    text(`${EVIDENCE_WORDS[each.evidence.kind]}, ${each.evidence.date}: ${each.evidence.source}`),
    each.cure === null ? text('–') : code(each.cure),
  ]);
  const head = ['Program', 'Verdict', 'What happens', 'How this is known', 'Convert to'].map(text);
  return joined(
    [
      markdown`## Which programs load ${code(name)}`,
      markdown``,
      text(`${good}${rest === '' ? '' : `; ${rest}`}.`),
      markdown``,
      table(head, rows),
      markdown``,
    ],
    '\n',
  );
}

/** One row of a picture of verdicts. */
export interface LoadsRow extends Pick<ProgramVerdict, 'title' | 'version' | 'verdict' | 'cure'> {
  readonly sentence: string;
}

const ROW = 28;
const GAP = 24;
const SIZE = 12;

/** Verdicts as a picture of a table, in the order of `rows`: program, version, verdict, what happens, the conversion that helps. */
export function loadsPicture(name: string, rows: readonly LoadsRow[]): Picture {
  const cells = rows.map(({ title, version, verdict, sentence, cure }) => [
    title,
    version,
    VERDICT_WORDS[verdict],
    sentence,
    cure ?? '–',
  ]);
  const head = ['Program', 'Version', 'Verdict', 'What happens', 'Convert to'];
  const widths = head.map((title, column) =>
    Math.max(monoWidth(title, SIZE), ...cells.map((row) => monoWidth(row[column] ?? '', SIZE))),
  );
  const lefts = widths.map((_, column) => widths.slice(0, column).reduce((sum, width) => sum + width + GAP, 0));
  const width = widths.reduce((sum, each) => sum + each, 0) + GAP * (head.length - 1);
  const line = (row: readonly string[], y: number, ink: 'text' | 'quiet'): Mark[] =>
    row.map((cell, column) => words(lefts[column] ?? 0, y + 18, cell, { size: SIZE, ink }));
  const { good, rest } = loadsSummary(rows);
  return {
    width: Math.ceil(width),
    height: ROW * (rows.length + 1),
    title: `Which programs load ${name}`,
    description: `${good}${rest === '' ? '' : `; ${rest}`}.`,
    marks: [
      ...line(head, 0, 'quiet'),
      ...cells.flatMap((row, at): Mark[] => {
        const y = ROW * (at + 1);
        return [{ kind: 'line', from: [0, y], to: [width, y], ink: 'line' }, ...line(row, y, 'text')];
      }),
    ],
  };
}
