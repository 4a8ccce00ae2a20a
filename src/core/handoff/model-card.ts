import type { Checkpoint } from '../checkpoint/types.ts';
import { type Emitted, joined, markdown, shell } from '../embed/emitted.ts';
import {
  markdownCode as code,
  markdownFence as fence,
  markdownList as list,
  markdownTable as table,
  markdownText as text,
  urlPath,
} from '../embed/markdown.ts';
import { shellWord } from '../embed/shell.ts';
import { TOOL } from '../embed/tool.ts';
import { architectureOf } from '../layouts/architecture-rules.ts';
import { asTarget } from '../layouts/target.ts';
import { expertTemplate } from '../layouts/tensor-place.ts';
import type { Assumption, CheckpointLayout, ExpertMember, LayerGroup } from '../layouts/types.ts';
import { isGood, predictOutputs } from '../loads/predict.ts';
import type { LoadingProgram, ProgramVerdict, Verdict } from '../loads/types.ts';
import { TARGETS } from '../plan/targets.ts';
import type { ConversionPlan } from '../plan/types.ts';
import { formatBytes, formatInteger, plural } from '../units.ts';
import type { CardPicture } from './layout-pictures.ts';
import { type CardLicence, frontMatter } from './model-card-front.ts';
import { usage } from './model-card-usage.ts';

type Markdown = Emitted<'markdown'>;

/** Paragraphs of a section. */
const section = (parts: readonly Markdown[]): Markdown => joined(parts, '\n\n');

/** What is known of a conversion and where it came from; what is not known is left out of the card. */
export interface CardFacts {
  readonly plan: ConversionPlan;
  /** The source's layout and config. */
  readonly layout: CheckpointLayout;
  readonly config: Checkpoint['config'];
  readonly assume?: Assumption;
  readonly source: {
    /** `org/name` on the Hub; null for files of one's own. */
    readonly repo: string | null;
    /** The commit, never a branch. */
    readonly revision: string | null;
  };
  /** The source card's own words on its licence; nothing is assumed. */
  readonly licence?: CardLicence;
  /** `org/name` under which the result will be found. */
  readonly name?: string;
  /** What the finished conversion proved: `verified` of its report. */
  readonly proof?: { readonly tensors: number; readonly bytes: number; readonly method: string };
  /** Files beside the card that draw a layer before and after. */
  readonly pictures?: readonly Pick<CardPicture, 'file' | 'words'>[];
  readonly hashes?: readonly { readonly file: string; readonly algorithm: string; readonly hash: string }[];
}

/**
 * README.md for what a conversion writes: front matter as the Hub wants it, what changed, who loads it, how it was proven.
 *
 * Everything said follows from the plan, the predictions and what is passed in. @throws RangeError for a plan that cannot
 * be run.
 */
export function cardOf(facts: CardFacts, programs: readonly LoadingProgram[]): Markdown {
  const { plan } = facts;
  if (plan.refusals.length > 0) throw new RangeError('A plan that cannot be run has no model card.');
  const verdicts = verdictsOf(facts, programs);
  const sections = [
    frontMatter({ ...facts, programs, verdicts }),
    markdown`# ${title(facts)}`,
    opening(facts),
    section([
      markdown`## What changed, and why`,
      text(TARGETS[plan.target]),
      ...shapes(facts),
      ...drawings(facts),
      ...changes(facts),
    ]),
    section([markdown`## Who loads it`, loaders(verdicts), ...needs(verdicts)]),
    ...expertParallel(facts),
    ...usage(facts, programs, verdicts),
    section([markdown`## How it was proven`, proof(facts, programs)]),
    ...hashTable(facts),
    markdown`*Written by ${TOOL}.*`,
  ];
  return markdown`${section(sections)}\n`;
}

/** Who will load what a plan writes; the same that the card's table says. */
function verdictsOf(
  { plan, config, assume }: CardFacts,
  programs: readonly LoadingProgram[],
): readonly ProgramVerdict[] {
  const outputs = plan.shards.flatMap((shard) => shard.tensors);
  return predictOutputs(programs, outputs, { config, changes: plan.configChanges, ...(assume ? { assume } : {}) });
}

function title({ plan, source, name }: CardFacts): Markdown {
  const of = text(name ?? source.repo ?? 'Converted checkpoint');
  return name ? of : markdown`${of}, experts as ${text(plan.target)}`;
}

function opening({ plan, source }: CardFacts): Markdown {
  const at = source.revision === null ? markdown`` : markdown` at commit ${code(source.revision)}`;
  const from =
    source.repo === null
      ? markdown`a local checkpoint`
      : markdown`[${text(source.repo)}](https://huggingface.co/${urlPath(source.repo)})${at}`;
  const layers = text(plan.layers?.join(', ') ?? '');
  const target = code(plan.target);
  const scope = {
    whole: markdown`The weights of ${from}, with the experts stored as ${target}.`,
    mixed: markdown`The weights of ${from}, with the experts of layers ${layers} stored as ${target} and all else as it was.`,
    partial: markdown`Layers ${layers} of ${from}, with the experts stored as ${target}. This is only a part of a model: it does not load as a model.`,
  }[plan.scope];
  if (plan.unpacked) {
    const what = text(`${plural(plan.unpacked.tensors, 'tensor')} in ${plan.unpacked.formats.join(' and ')}`);
    return markdown`${scope} ${what} became bf16: each code was multiplied with its scale and rounded, which is **not lossless**. All else was moved and renamed.`;
  }
  return markdown`${scope} Tensors were moved and renamed; no value was computed, rounded or quantised.`;
}

/** One table for each way in which layers were stored before. */
function shapes({ plan, layout }: CardFacts): Markdown[] {
  const converted = new Set(plan.groups.filter(({ to }) => to !== null).map(({ prefix }) => prefix));
  const groups = layout.groups.filter(({ prefix }) => converted.has(prefix));
  const kinds = new Map<string, LayerGroup>();
  for (const group of groups) {
    const key = group.members.map(({ projection, part, shape }) => `${projection}.${part} ${shape}`).join();
    if (!kinds.has(key)) kinds.set(key, group);
  }
  const tables = [...kinds.values()].flatMap((group) => shapeTable(group, plan, layout));
  const count = plural(groups.length, 'layer');
  return tables.length === 0 ? [] : [text(`${count} with experts. Names and shapes of one:`), ...tables];
}

/** A layer drawn, before and after. */
function drawings({ pictures = [] }: CardFacts): Markdown[] {
  return pictures.map(({ file, words }) => markdown`![${text(words)}](${urlPath(file)})`);
}

const SHAPE_HEAD = ['', 'tensor', 'how many', 'shape', 'dtype'].map(text);

function shapeTable(group: LayerGroup, plan: ConversionPlan, layout: CheckpointLayout): Markdown[] {
  if (plan.unpacked) return unpackedTable(group, plan);
  const answer = asTarget(group, plan.target, layout.modelType);
  if ('refusal' in answer) return [];
  const rows = (side: Markdown, { members, experts }: LayerGroup) =>
    members.map((member) => [side, code(member.template), ...sizes(member, experts)]);
  return [table(SHAPE_HEAD, [...rows(markdown`before`, group), ...rows(markdown`after`, answer.group)])];
}

/** What a group became, from the tensors themselves: the layout of the source says nothing of unpacked ones. */
function unpackedTable(group: LayerGroup, plan: ConversionPlan): Markdown[] {
  const outputs = plan.shards.flatMap(({ tensors }) => tensors).filter(({ expert }) => expert);
  const root = group.prefix.replace(/[^.]*$/, '');
  const after = new Map<string, readonly (Markdown | number)[]>();
  for (const { name, shape, dtype } of outputs.filter((output) => output.name.startsWith(root))) {
    const template = expertTemplate(name);
    const count = Number(after.get(template)?.[2] ?? 0) + 1;
    after.set(template, [markdown`after`, code(template), count, shapeText(shape), text(dtype)]);
  }
  const before = group.members.map((member) => [
    markdown`before`,
    code(member.template),
    ...sizes(member, group.experts),
  ]);
  return [table(SHAPE_HEAD, [...before, ...after.values()])];
}

function sizes({ template, shape, dtype }: ExpertMember, experts: number | null): (Markdown | number)[] {
  return [template.includes('{i}') ? (experts ?? markdown``) : 1, shapeText(shape), text(dtype)];
}

/** `[2, 3]`: brackets around numbers link to nothing. */
function shapeText(shape: readonly number[]): Markdown {
  return markdown`[${text(shape.join(', '))}]`;
}

function changes({ plan }: CardFacts): Markdown[] {
  const edits = plan.configChanges.map(({ key, after, reason, removed }) => {
    const what = removed ? markdown`${code(key)} is taken out` : code(`${key} = ${JSON.stringify(after)}`);
    return markdown`config.json: ${what}. ${text(reason)}`;
  });
  const notes = plan.notes.map(text);
  const left = plan.skipped.map(({ file, reason }) => markdown`Left out: ${code(file)} (${text(reason)})`);
  const size = `${plural(plan.tensors, 'tensor')}, ${formatBytes(plan.bytes)} (${formatInteger(plan.bytes)} bytes) in ${plural(plan.shards.length, 'file')}.`;
  const items = [...edits, ...notes, ...left];
  return [text(size), ...(items.length > 0 ? [list(items)] : [])];
}

const WORDS: Readonly<Record<Verdict, Markdown>> = {
  loads: markdown`loads it as it is`,
  'loads-converting': markdown`loads it and rearranges the experts while reading`,
  partial: markdown`**starts, but its experts are random**`,
  'wrong-values': markdown`**starts, but with wrong values in its experts**`,
  refuses: markdown`stops with an error`,
  unknown: markdown`not known`,
};

function loaders(verdicts: readonly ProgramVerdict[]): Markdown {
  const rows = verdicts.map(({ id, version, verdict, evidence, missing }) => {
    const short = missing.length > 0 ? ` (${plural(missing.length, 'tensor')} missing)` : '';
    const known = text(`${evidence.kind}, ${evidence.date}: ${evidence.source}`);
    return [text(id), text(version), markdown`${WORDS[verdict]}${text(short)}`, known];
  });
  const head = ['program', 'version', 'what it does', 'how that is known'].map(text);
  return section([
    markdown`Predicted from names, shapes and config.json; \`run\` means that the program itself was tried on such a checkpoint.`,
    table(head, rows),
  ]);
}

function needs(verdicts: readonly ProgramVerdict[]): Markdown[] {
  const lines = verdicts
    .filter(isGood)
    .flatMap(({ id, needs: all }) => all.map((need) => markdown`${text(id)} needs: ${text(need)}`));
  return lines.length === 0 ? [] : [list(lines)];
}

/** Numbers of ranks that every layer's experts can be dealt out to evenly. */
function expertParallel({ plan, layout }: CardFacts): Markdown[] {
  const converted = new Set(plan.groups.map(({ prefix }) => prefix));
  const counts = layout.groups.flatMap(({ prefix, experts }) =>
    converted.has(prefix) && experts !== null ? [experts] : [],
  );
  const [first] = counts;
  if (first === undefined) return [];
  const fits = divisors(first).filter((size) => counts.every((count) => count % size === 0));
  const experts = [...new Set(counts)].map(formatInteger).join(' or ');
  return [
    markdown`## Expert parallelism\n\n${text(experts)} experts in a layer: they can be dealt out evenly to ${text(fits.join(', '))} ranks.`,
  ];
}

function divisors(count: number): number[] {
  const found: number[] = [];
  for (let size = 1; size <= count; size += 1) if (count % size === 0) found.push(size);
  return found;
}

function proof({ proof: proven, source, plan, layout }: CardFacts, programs: readonly LoadingProgram[]): Markdown {
  const original = shellWord(source.repo ?? 'ORIGINAL');
  const target = shellWord(plan.target);
  const scripted = programs.find(({ loads }) => 'script' in loads.proof);
  const checks = [
    ...(plan.unpacked
      ? [shell`moe-loom convert ${original} --to ${target} --dtype bf16 --out AGAIN`, shell`moe-loom verify AGAIN THIS`]
      : [shell`moe-loom verify ${original} THIS`]),
    ...(plan.scope === 'whole' && scripted
      ? [shell`moe-loom loads THIS --script ${shellWord(scripted.id)} > load.py`, shell`python load.py THIS`]
      : []),
  ];
  const known = architectureOf(layout.modelType)?.confirmed
    ? ` The names of ${layout.modelType ?? ''} were checked against what transformers itself writes.`
    : '';
  const said = proven
    ? `${plural(proven.tensors, 'tensor')} with ${formatInteger(proven.bytes)} bytes were compared and found equal: ${proven.method}.`
    : 'This card was written without the report of a finished conversion, so it claims no proof.';
  return section([markdown`${text(said + known)} To see for yourself:`, fence('sh', joined(checks, '\n'))]);
}

const SHOWN_HASHES = 12;

function hashTable({ hashes = [] }: CardFacts): Markdown[] {
  if (hashes.length === 0) return [];
  const rows = hashes
    .slice(0, SHOWN_HASHES)
    .map(({ file, algorithm, hash }) => [code(file), text(algorithm), code(hash)]);
  const more = hashes.length - rows.length;
  return [
    section([
      markdown`## Hashes`,
      table(['file', 'algorithm', 'hash'].map(text), rows),
      ...(more > 0 ? [markdown`… and ${more} more files.`] : []),
    ]),
  ];
}
