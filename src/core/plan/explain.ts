import { formatBytes, formatInteger, plural } from '../units.ts';
import { TARGETS } from './targets.ts';
import type { ConfigChange, ConversionPlan, GroupStep } from './types.ts';

/**
 * A plan as lines a person reads: what would be done, or why not.
 *
 * @example
 * ```ts
 * import { openCheckpoint } from 'moe-loom/layouts';
 * import { openFolder } from 'moe-loom/node';
 * import { describePlan, planConversion } from 'moe-loom/plan';
 * const plan = planConversion(await openCheckpoint(await openFolder('model')), 'stacked');
 * console.log(describePlan(plan)[0].split(':')[0]); // → To stacked
 * ```
 */
export function describePlan(plan: ConversionPlan): string[] {
  if (plan.refusals.length > 0) {
    return ['This cannot be converted:', ...unique(plan.refusals.map((refusal) => `  ${refusal.message}`))];
  }
  return [
    `To ${plan.target}: ${TARGETS[plan.target]}`,
    `${plural(plan.tensors, 'tensor')}, ${formatBytes(plan.bytes)} (${formatInteger(plan.bytes)} bytes) in ${plural(plan.shards.length, 'shard')}.`,
    ...scopeLines(plan),
    ...groupLines(plan.groups),
    ...plan.notes,
    ...plan.configChanges.map(describeConfigChange),
    ...metadataLines(plan.metadata),
    ...(plan.copies.length > 0 ? [`Copied: ${plan.copies.map((copy) => copy.file).join(', ')}.`] : []),
    ...plan.skipped.map((skipped) => `Left out: ${skipped.file} (${skipped.reason}).`),
  ];
}

/**
 * One change of config.json as a sentence.
 *
 * @example
 * ```ts
 * import { openCheckpoint } from 'moe-loom/layouts';
 * import { openFolder } from 'moe-loom/node';
 * import { describeConfigChange, planConversion } from 'moe-loom/plan';
 * const plan = planConversion(await openCheckpoint(await openFolder('model')), 'qwen3-moe-fused');
 * console.log(plan.configChanges.map(describeConfigChange).length); // → 2
 * ```
 */
export function describeConfigChange({ key, after, reason, removed }: ConfigChange): string {
  const what = removed ? `${key} is taken out` : `${key} = ${JSON.stringify(after)}`;
  return `config.json: ${what} (${sentence(reason)}).`;
}

/** Longer values are cut in what a person reads. */
const LIMIT_VALUE = 60;

/** What goes along in `__metadata__`; the usual `format` alone is not worth a line. */
function metadataLines(metadata: ConversionPlan['metadata']): string[] {
  if (metadata.every(({ key }) => key === 'format')) return [];
  const entries = metadata.map(({ key, value, joined }) => {
    const shown = value.length > LIMIT_VALUE ? `${value.slice(0, LIMIT_VALUE)}…` : value;
    return `${key} = ${JSON.stringify(shown)}${joined === null ? '' : ` (${joined} different values joined)`}`;
  });
  return [`Metadata of every shard: ${entries.join('; ')}.`];
}

function scopeLines(plan: ConversionPlan): string[] {
  const layers = plan.layers?.join(', ') ?? '';
  if (plan.scope === 'partial')
    return [
      `Partial: only the tensors of layers ${layers}. It will not load as a model.`,
      'Its shards are numbered for themselves. To share one conversion among machines, use plan --out, convert --plan and join.',
    ];
  if (plan.scope === 'mixed') return [`Mixed: layers ${layers} are converted, the rest stays as it is.`];
  return [];
}

/** Layers that go through the same operations in one line. */
function groupLines(groups: readonly GroupStep[]): string[] {
  const byChain = new Map<string, GroupStep[]>();
  for (const group of groups) {
    const chain = `${group.from} → ${group.to ?? 'left as it is'}: ${group.operations.join(', ')}${group.kind === 'mtp' ? ' (MTP)' : ''}`;
    byChain.set(chain, [...(byChain.get(chain) ?? []), group]);
  }
  return [...byChain].map(([chain, members]) => `${plural(members.length, 'layer')} (${ranges(members)}) ${chain}.`);
}

/** `0–2, 5` of the groups' layer numbers. */
function ranges(groups: readonly GroupStep[]): string {
  const numbers = groups.map((group) => group.index).filter((index) => index !== null);
  const parts: string[] = [];
  for (let i = 0; i < numbers.length; ) {
    let j = i;
    while (j + 1 < numbers.length && numbers[j + 1] === (numbers[j] ?? 0) + 1) j++;
    parts.push(i === j ? `${numbers[i]}` : `${numbers[i]}–${numbers[j]}`);
    i = j + 1;
  }
  return parts.join(', ') || groups.map((group) => group.prefix).join(', ');
}

/** A reason inside brackets needs no full stop of its own. */
function sentence(reason: string): string {
  return reason.replace(/\.$/, '');
}

function unique(lines: readonly string[]): string[] {
  return [...new Set(lines)];
}
