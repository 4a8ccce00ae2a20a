import type { FindingTag } from '../checkpoint/finding-tags.ts';
import type { Checkpoint, Finding } from '../checkpoint/types.ts';
import { tensorPlace } from '../layouts/tensor-place.ts';
import type { CheckpointLayout } from '../layouts/types.ts';
import type { Refusal } from './types.ts';

/** Errors of the checkpoint, but for those that do not matter here. */
export function checkpointRefusals({ findings }: Pick<Checkpoint, 'findings'>, but: readonly Finding[]): Refusal[] {
  return findings
    .filter((finding) => finding.severity === 'error' && !but.includes(finding))
    .map((finding) => ({ tag: 'checkpoint-defective', message: finding.message }));
}

/** Findings that say no more than that tensors are not here: which ones, the index tells. */
const ABSENCES: readonly FindingTag[] = [
  'shard-missing',
  'shard-invalid',
  'shard-unread',
  'lfs-pointer',
  'index-tensor-missing',
];

interface Scope {
  readonly layers?: readonly number[] | undefined;
  readonly keepRest?: boolean | undefined;
}

/** What is not here and stands in none of the chosen layers, where these alone are written; `inScope` says of a name if it is. */
export function unneededAbsence(
  { findings, absent }: Pick<Checkpoint, 'findings' | 'absent'>,
  { groups }: Pick<CheckpointLayout, 'groups'>,
  { layers, keepRest }: Scope,
  inScope: (tensor: { readonly name: string }) => boolean,
): readonly Finding[] {
  if (!layers || keepRest || !absent) return [];
  const known = new Set(groups.map(({ index }) => index));
  const unseen = new Set(layers.filter((layer) => !known.has(layer)));
  const isNeeded = (name: string) => inScope({ name }) || unseen.has(tensorPlace(name).layer ?? -1);
  for (const name of absent.keys()) if (isNeeded(name)) return [];
  return findings.filter(({ tag }) => ABSENCES.includes(tag));
}

/** What a plan says of it. */
export function unneededNotes(findings: readonly Finding[]): string[] {
  return findings.map(({ message }) => `${message.replace(/\.$/, '')}: the chosen layers do not need it.`);
}
