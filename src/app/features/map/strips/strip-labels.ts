import type { FileStrips } from '../../../../../workers/inspect/file-strips.ts';
import { type ExpertMap, formatInteger, plural, type ReadsSummary, ROLES, type Role } from '../../../../core/index.ts';
import type { StripPlace } from './geometry.ts';

/** Role, layer and expert at a place: `gate, layer 3, expert 10`. */
export function placeLabel(map: ExpertMap, strips: FileStrips, { tensor, expert }: StripPlace): string {
  if (tensor === null) return 'no tensor';
  const layer = layerOfGroup(map)(strips.group[tensor] ?? -1);
  return [
    ROLES[strips.role[tensor] ?? 0] ?? 'other',
    ...(layer === null ? [] : [`layer ${layer}`]),
    ...(expert === null ? [] : [`expert ${expert}`]),
  ].join(', ');
}

/** Gives the layer number of a group of the layout; null for none. */
export function layerOfGroup({ rows }: Pick<ExpertMap, 'rows'>): (group: number) => number | null {
  const known = new Map(rows.map(({ group, index }) => [group, index]));
  return (group) => known.get(group) ?? null;
}

/** Roles that the strips show, as a legend names them: gate and up where their numbers alternate. */
export function rolesOf({ role }: Pick<FileStrips, 'role'>): readonly Role[] {
  const seen = new Set(ROLES.filter((_, at) => role.includes(at)));
  const both = seen.delete('gate-up');
  return ROLES.filter((each) => seen.has(each) || (both && (each === 'gate' || each === 'up')));
}

/** Short names of files: the number of a shard, else the beginning of the name. */
export function fileLabels(files: FileStrips['files']): readonly string[] {
  return files.map(({ file }) => {
    const number = /-(\d+)-of-\d+\.safetensors$/.exec(file)?.[1];
    if (number !== undefined) return number.replace(/^0+(?=\d)/, '');
    return file.length > 8 ? `${file.slice(0, 7)}…` : file;
  });
}

/** The number of reads that an expert needs, in one or two sentences. */
export function readsSentence({ experts, fewest, most, split }: ReadsSummary): string {
  if (experts === 0) return 'The byte ranges of experts are unknown.';
  const reads = fewest === most ? plural(most, 'read') : `${fewest} to ${most} reads`;
  const rest =
    split === 0
      ? 'none is in more than one file'
      : `${formatInteger(split)} ${split === 1 ? 'is' : 'are'} in more than one file`;
  return `Loading one expert needs ${reads}. Of ${formatInteger(experts)} experts, ${rest}.`;
}
