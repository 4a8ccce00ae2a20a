import type { Architecture } from './architecture-row.ts';
import { type DialectSpec, layoutId } from './dialects.ts';
import type { ExpertLayout, Reading } from './types.ts';

/** Every layout that an architecture is stored or held in. */
export function layoutsOf(row: Architecture | undefined): readonly ExpertLayout[] {
  return row ? [...row.disk, ...(row.memory ? [row.memory] : [])] : [];
}

/** Why names that several dialects share are none of them, with what each would mean and how to say which it is. */
export function manyReadings(
  stems: ReadonlySet<string>,
  possible: readonly DialectSpec[],
  row: Architecture | undefined,
): { readonly reason: string; readonly readings: readonly Reading[] } {
  const open = row ? possible.filter(({ toldBy }) => toldBy === 'assumption') : possible;
  const readings = (open.length > 0 ? open : possible).map(
    ({ family, dialect, by }): Reading => ({ layout: { family, dialect }, by }),
  );
  const names = [...stems].join(' and ');
  const each = readings.map(({ layout, by }) => `${layoutId(layout)} (${by})`);
  const many = readings.length > 1;
  const type = row
    ? `The model type ${row.modelTypes[0]} is stored as ${row.disk.map(layoutId).join(' or ')}, which these names are not.`
    : 'The model type, which would say so, is not known.';
  const first = readings[0] ? layoutId(readings[0].layout) : '';
  return {
    reason: `${names} ${many ? 'may be read in several ways' : 'are read in one way'}: ${each.join(', or ')}. ${type} The files do not decide it. If you know how they were saved, choose the layout in the view Convert. On the command line, use --assume ${first}${many ? ', or another of these' : ''}.`,
    readings,
  };
}
