import { type Emitted, joined, markdown } from '../embed/emitted.ts';
import {
  markdownCode as code,
  markdownList as list,
  markdownTable as table,
  markdownText as text,
  urlPath,
} from '../embed/markdown.ts';
import type { CompatAnswer, CompatLayout, CompatPage } from './compat.ts';
import { EVIDENCE_WORDS, VERDICT_WORDS } from './verdict-text.ts';

type Markdown = Emitted<'markdown'>;

/** What every page says of how its answers came about. */
export const COMPAT_LIMIT =
  'Predicted on a made-up checkpoint, not run, except where the evidence says that it was run.';
const MADE =
  'The checkpoint has one layer with the names, the shapes and the config.json of this model type, without values and without quantisation (MXFP4 apart). `moe-loom loads <source>` answers for a checkpoint of yours.';

/** One program with one answer for one or several layouts. */
export interface CompatReason extends CompatAnswer {
  /** Places in the page's list of layouts. */
  readonly layouts: readonly number[];
}

/** The answers of a page, program by program, equal answers for several layouts as one. */
export function compatReasons({ layouts }: Pick<CompatPage, 'layouts'>): readonly CompatReason[] {
  const found = new Map<string, CompatReason>();
  const programs = layouts[0]?.answers ?? [];
  for (const at of programs.keys()) {
    for (const [place, { answers }] of layouts.entries()) {
      const answer = answers[at];
      if (!answer) continue;
      const key = JSON.stringify(answer);
      const known = found.get(key);
      found.set(key, { ...answer, layouts: [...(known?.layouts ?? []), place] });
    }
  }
  return [...found.values()];
}

/** Where a layout is found, with backticks for code: on the Hub, in the memory of transformers 5, or written by a conversion. */
export function whereFound({ hub, memory, target }: Pick<CompatLayout, 'hub' | 'memory' | 'target'>): string {
  const places = [
    ...(hub ? ['on the Hub'] : []),
    ...(memory ? ['in the memory of transformers 5'] : []),
    ...(target === null ? [] : [`written by \`moe-loom convert --to ${target}\``]),
  ];
  return places.join(', ');
}

/** A page as a Markdown document; `docs` is the path of the folder with layouts.md. */
export function compatMarkdown(page: CompatPage, docs = '..'): Markdown {
  const { modelType, alike, facts, layouts, date } = page;
  const same = joined(alike.map(code), ', ');
  return joined(
    [
      markdown`# ${code(modelType)}: which layout loads where\n`,
      ...(alike.length === 0 ? [] : [markdown`The same names and layouts: ${same}.\n`]),
      ...(layouts.length === 0
        ? [text('No small checkpoint could be made of this model type, so no program is predicted for it here.')]
        : [
            markdown`${text(COMPAT_LIMIT)} ${inline(MADE)}\n`,
            markdown`The newest evidence on this page is of ${text(date ?? '')}.\n`,
            markdown`## How its experts are stored\n`,
            joined(
              layouts.map((layout) => stored(layout, docs)),
              '\n',
            ),
            markdown`## Layouts and programs\n`,
            verdictTable(layouts),
            markdown`\n## Why\n`,
            reasonTable(page),
          ]),
      markdown`\n## What is special\n`,
      list(facts.map((fact) => markdown`${text(fact.about)}: ${inline(fact.text)}`)),
      markdown``,
    ],
    '\n',
  );
}

/** The list of all pages. `pages` in the order of the list. */
export function compatIndex(pages: readonly CompatPage[]): Markdown {
  const rows = pages.map(({ modelType, layouts }) => [
    markdown`[${code(modelType)}](${urlPath(`${modelType}.md`)})`,
    joined(
      layouts.filter(({ hub }) => hub).map(({ id }) => code(id)),
      ', ',
    ),
    text(goodPrograms(layouts[0])),
  ]);
  return joined(
    [
      markdown`# Which layout loads where\n`,
      markdown`One page for each model type that moe-loom knows: its layouts, and what each program does with them. ${text(COMPAT_LIMIT)}\n`,
      markdown`The pages are made from the rows in \`src/core/programs/\` and \`src/core/layouts/families/\`:`,
      markdown`\`npx vitest run --project node src/compat.test.ts -u\`. The app shows the same at \`?compat=qwen3_moe\`.\n`,
      table(['Model type', 'On the Hub', 'Programs that load the first of these'].map(text), rows),
      markdown``,
    ],
    '\n',
  );
}

function goodPrograms(layout: CompatLayout | undefined): string {
  if (!layout) return 'not predicted';
  const good = layout.answers.filter(({ verdict }) => verdict === 'loads' || verdict === 'loads-converting');
  return good.length === 0 ? 'none' : good.map(({ title }) => title).join(', ');
}

function stored(layout: CompatLayout, docs: string): Markdown {
  const { id, tensors } = layout;
  const anchor = id.replace('/', '');
  return joined(
    [
      markdown`### ${code(id)}\n`,
      markdown`${inline(`${sentence(whereFound(layout))}.`)} [Drawn](${urlPath(docs)}/layouts.md#${urlPath(anchor)}).\n`,
      list(tensors.map(({ name, shape }) => markdown`${code(name)} ${text(shape)}`)),
      markdown``,
    ],
    '\n',
  );
}

function verdictTable(layouts: readonly CompatLayout[]): Markdown {
  const [first] = layouts;
  const head = [text('Program'), ...layouts.map(heading)];
  const rows = (first?.answers ?? []).map(({ title, version }, at) => [
    text(`${title} (${version})`),
    ...layouts.map(({ answers }) => text(answers[at] ? VERDICT_WORDS[answers[at].verdict] : '')),
  ]);
  return table(head, rows);
}

function heading({ id, hub, target }: CompatLayout): Markdown {
  if (hub) return markdown`${code(id)} (Hub)`;
  return target === null ? code(id) : markdown`${code(id)} (${code(`--to ${target}`)})`;
}

function reasonTable(page: CompatPage): Markdown {
  const rows = compatReasons(page).map((each) => [
    text(each.title),
    joined(
      each.layouts.flatMap((at) => (page.layouts[at] ? [heading(page.layouts[at])] : [])),
      ', ',
    ),
    text(VERDICT_WORDS[each.verdict]),
    needs(each),
    text(`${EVIDENCE_WORDS[each.evidence.kind]}, ${each.evidence.date}: ${each.evidence.source}`),
    each.cure === null ? text('–') : code(`--to ${each.cure}`),
  ]);
  const head = ['Program', 'Layouts', 'Verdict', 'What it needs', 'How this is known', 'Conversion to choose'];
  return table(head.map(text), rows);
}

function needs({ needs, inference }: CompatAnswer): Markdown {
  const sentences = [...needs, ...(inference === undefined ? [] : [`Assumed: ${inference}`])];
  return sentences.length === 0 ? text('–') : joined(sentences.map(inline), ' ');
}

/** A sentence whose parts between backticks are code. */
function inline(value: string): Markdown {
  return joined(
    value.split(/(`[^`]+`)/).map((part) => (/^`[^`]+`$/.test(part) ? code(part.slice(1, -1)) : text(part))),
  );
}

function sentence(value: string): string {
  return value.slice(0, 1).toUpperCase() + value.slice(1);
}
