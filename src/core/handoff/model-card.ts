import type { Checkpoint } from '../checkpoint/types.ts';
import { architectureOf } from '../layouts/architecture-rules.ts';
import { asTarget } from '../layouts/target.ts';
import { expertTemplate } from '../layouts/tensor-place.ts';
import type { Assumption, CheckpointLayout, ExpertMember, LayerGroup } from '../layouts/types.ts';
import { isGood, predictOutputs } from '../loads/predict.ts';
import type { LoadingProgram, ProgramVerdict, Verdict } from '../loads/types.ts';
import { TARGETS } from '../plan/targets.ts';
import type { ConversionPlan } from '../plan/types.ts';
import { formatBytes, formatInteger, plural } from '../units.ts';
import { VERSION } from '../version.ts';
import { type CardLicence, frontMatter } from './model-card-front.ts';
import { code, fence, table, text } from './model-card-markdown.ts';
import { usage } from './model-card-usage.ts';

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
  /** The source card's own words on its licence; nothing is taken for granted. */
  readonly licence?: CardLicence;
  /** `org/name` under which the result will be found. */
  readonly name?: string;
  /** What the finished conversion proved: `verified` of its report. */
  readonly proof?: { readonly tensors: number; readonly bytes: number; readonly method: string };
  readonly hashes?: readonly { readonly file: string; readonly algorithm: string; readonly hash: string }[];
}

/**
 * README.md for what a conversion writes: front matter as the Hub wants it, what changed, who loads it, how it was proven.
 *
 * Everything said follows from the plan, the predictions and what is passed in. @throws RangeError for a plan that cannot
 * be run.
 */
export function cardOf(facts: CardFacts, programs: readonly LoadingProgram[]): string {
  const { plan } = facts;
  if (plan.refusals.length > 0) throw new RangeError('A plan that cannot be run has no model card.');
  const verdicts = verdictsOf(facts, programs);
  const sections = [
    frontMatter({ ...facts, programs, verdicts }),
    `# ${title(facts)}`,
    opening(facts),
    ['## What changed, and why', TARGETS[plan.target], ...shapes(facts), ...changes(facts)].join('\n\n'),
    ['## Who loads it', loaders(verdicts), ...needs(verdicts)].join('\n\n'),
    ...expertParallel(facts),
    ...usage(facts, programs, verdicts),
    ['## How it was proven', proof(facts, programs)].join('\n\n'),
    ...hashTable(facts),
    `*Written by moe-loom ${VERSION}.*`,
  ];
  return `${sections.join('\n\n')}\n`;
}

/** Who will load what a plan writes; the same that the card's table says. */
function verdictsOf(
  { plan, config, assume }: CardFacts,
  programs: readonly LoadingProgram[],
): readonly ProgramVerdict[] {
  const outputs = plan.shards.flatMap((shard) => shard.tensors);
  return predictOutputs(programs, outputs, { config, changes: plan.configChanges, ...(assume ? { assume } : {}) });
}

function title({ plan, source, name }: CardFacts): string {
  const of = text(name ?? source.repo ?? 'Converted checkpoint');
  return name ? of : `${of}, experts as ${plan.target}`;
}

function opening({ plan, source }: CardFacts): string {
  const at = source.revision === null ? '' : ` at commit ${code(source.revision)}`;
  const from =
    source.repo === null
      ? 'a local checkpoint'
      : `[${text(source.repo)}](https://huggingface.co/${encodeURI(source.repo)})${at}`;
  const layers = plan.layers?.join(', ') ?? '';
  const scope = {
    whole: `The weights of ${from}, with the experts stored as ${code(plan.target)}.`,
    mixed: `The weights of ${from}, with the experts of layers ${layers} stored as ${code(plan.target)} and all else as it was.`,
    partial: `Layers ${layers} of ${from}, with the experts stored as ${code(plan.target)}. This is a part, not a model: it does not load by itself.`,
  }[plan.scope];
  if (plan.unpacked)
    return `${scope} ${plural(plan.unpacked.tensors, 'tensor')} in ${plan.unpacked.formats.join(' and ')} became bf16: each code was multiplied with its scale and rounded, which is **not lossless**. All else was moved and renamed.`;
  return `${scope} Tensors were moved and renamed; no value was computed, rounded or quantised.`;
}

/** One table for each way in which layers were stored before. */
function shapes({ plan, layout }: CardFacts): string[] {
  const converted = new Set(plan.groups.filter(({ to }) => to !== null).map(({ prefix }) => prefix));
  const groups = layout.groups.filter(({ prefix }) => converted.has(prefix));
  const kinds = new Map<string, LayerGroup>();
  for (const group of groups) {
    const key = group.members.map(({ projection, part, shape }) => `${projection}.${part} ${shape}`).join();
    if (!kinds.has(key)) kinds.set(key, group);
  }
  const tables = [...kinds.values()].flatMap((group) => shapeTable(group, plan, layout));
  const count = plural(groups.length, 'layer');
  return tables.length === 0 ? [] : [`${count} with experts. Names and shapes of one:`, ...tables];
}

function shapeTable(group: LayerGroup, plan: ConversionPlan, layout: CheckpointLayout): string[] {
  if (plan.unpacked) return unpackedTable(group, plan);
  const answer = asTarget(group, plan.target, layout.modelType);
  if ('refusal' in answer) return [];
  const rows = (side: string, { members, experts }: LayerGroup) =>
    members.map((member) => [side, code(member.template), ...sizes(member, experts)]);
  return [
    table(['', 'tensor', 'how many', 'shape', 'dtype'], [...rows('before', group), ...rows('after', answer.group)]),
  ];
}

/** What a group became, from the tensors themselves: the layout of the source says nothing of unpacked ones. */
function unpackedTable(group: LayerGroup, plan: ConversionPlan): string[] {
  const outputs = plan.shards.flatMap(({ tensors }) => tensors).filter(({ expert }) => expert);
  const root = group.prefix.replace(/[^.]*$/, '');
  const after = new Map<string, string[]>();
  for (const { name, shape, dtype } of outputs.filter((output) => output.name.startsWith(root))) {
    const template = expertTemplate(name);
    const count = Number(after.get(template)?.[2] ?? 0) + 1;
    after.set(template, ['after', code(template), String(count), `[${shape.join(', ')}]`, dtype]);
  }
  const before = group.members.map((member) => ['before', code(member.template), ...sizes(member, group.experts)]);
  return [table(['', 'tensor', 'how many', 'shape', 'dtype'], [...before, ...after.values()])];
}

function sizes({ template, shape, dtype }: ExpertMember, experts: number | null): string[] {
  return [template.includes('{i}') ? String(experts ?? '') : '1', `[${shape.join(', ')}]`, dtype];
}

function changes({ plan }: CardFacts): string[] {
  const edits = plan.configChanges.map(
    ({ key, after, reason, removed }) =>
      `- config.json: ${removed ? `${code(key)} is taken out` : code(`${key} = ${JSON.stringify(after)}`)}. ${text(reason)}`,
  );
  const notes = plan.notes.map((note) => `- ${text(note)}`);
  const left = plan.skipped.map(({ file, reason }) => `- Left out: ${code(file)} (${text(reason)})`);
  const size = `${plural(plan.tensors, 'tensor')}, ${formatBytes(plan.bytes)} (${formatInteger(plan.bytes)} bytes) in ${plural(plan.shards.length, 'file')}.`;
  return [size, ...(edits.length + notes.length + left.length > 0 ? [[...edits, ...notes, ...left].join('\n')] : [])];
}

const WORDS: Readonly<Record<Verdict, string>> = {
  loads: 'loads it as it is',
  'loads-converting': 'loads it, rearranging while it reads',
  partial: '**starts, but with experts at random**',
  refuses: 'stops with an error',
  unknown: 'not known',
};

function loaders(verdicts: readonly ProgramVerdict[]): string {
  const rows = verdicts.map(({ id, version, verdict, evidence, missing }) => {
    const short = missing.length > 0 ? ` (${plural(missing.length, 'tensor')} missing)` : '';
    return [id, version, WORDS[verdict] + short, `${evidence.kind}, ${evidence.date}: ${text(evidence.source)}`];
  });
  const predicted =
    'Predicted from names, shapes and config.json; `run` means that the program itself was tried on such a checkpoint.';
  return [predicted, table(['program', 'version', 'what it does', 'how that is known'], rows)].join('\n\n');
}

function needs(verdicts: readonly ProgramVerdict[]): string[] {
  const lines = verdicts
    .filter(isGood)
    .flatMap(({ id, needs: all }) => all.map((need) => `- ${id} needs: ${text(need)}`));
  return lines.length === 0 ? [] : [lines.join('\n')];
}

/** Numbers of ranks that every layer's experts can be dealt out to evenly. */
function expertParallel({ plan, layout }: CardFacts): string[] {
  const converted = new Set(plan.groups.map(({ prefix }) => prefix));
  const counts = layout.groups.flatMap(({ prefix, experts }) =>
    converted.has(prefix) && experts !== null ? [experts] : [],
  );
  const [first] = counts;
  if (first === undefined) return [];
  const fits = divisors(first).filter((size) => counts.every((count) => count % size === 0));
  const experts = [...new Set(counts)].map(formatInteger).join(' or ');
  return [
    `## Expert parallelism\n\n${experts} experts in a layer: they can be dealt out evenly to ${fits.join(', ')} ranks.`,
  ];
}

function divisors(count: number): number[] {
  const found: number[] = [];
  for (let size = 1; size <= count; size += 1) if (count % size === 0) found.push(size);
  return found;
}

function proof({ proof: proven, source, plan, layout }: CardFacts, programs: readonly LoadingProgram[]): string {
  const original = source.repo ?? 'ORIGINAL';
  const scripted = programs.find(({ loads }) => 'script' in loads.proof);
  const checks = [
    ...(plan.unpacked
      ? [`moe-loom convert ${original} --to ${plan.target} --dtype bf16 --out AGAIN`, 'moe-loom verify AGAIN THIS']
      : [`moe-loom verify ${original} THIS`]),
    ...(plan.scope === 'whole' && scripted
      ? [`moe-loom loads THIS --script ${scripted.id} > load.py`, 'python load.py THIS']
      : []),
  ];
  const known = architectureOf(layout.modelType)?.confirmed
    ? [` The names of ${text(layout.modelType ?? '')} were checked against what transformers itself writes.`]
    : [];
  const said = proven
    ? `${plural(proven.tensors, 'tensor')} with ${formatInteger(proven.bytes)} bytes were compared and found equal: ${text(proven.method)}.${known.join('')}`
    : `No report of a finished conversion was at hand when this was written, so nothing is claimed here.${known.join('')}`;
  return `${said} To see for yourself:\n\n${fence('sh', checks)}`;
}

const SHOWN_HASHES = 12;

function hashTable({ hashes = [] }: CardFacts): string[] {
  if (hashes.length === 0) return [];
  const rows = hashes.slice(0, SHOWN_HASHES).map(({ file, algorithm, hash }) => [code(file), algorithm, code(hash)]);
  const more = hashes.length > rows.length ? `\n\n… and ${hashes.length - rows.length} more files.` : '';
  return [`## Hashes\n\n${table(['file', 'algorithm', 'hash'], rows)}${more}`];
}
