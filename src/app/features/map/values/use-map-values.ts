import { useMemo } from 'react';
import type { ExpertMap } from '../../../../core/index.ts';
import type { CellPicture } from '../../../grid/expert-grid-props.ts';
import type { Cell } from '../../../grid/geometry.ts';
import { useAddress } from '../../../state/address-store.ts';
import {
  formatStatistic,
  isProjection,
  isStatistic,
  type ProjectionId,
  STATISTICS,
  type StatisticId,
} from './statistics.ts';
import { type ColourScale, scaleOf, valuePixels, valuesOf } from './value-colours.ts';
import { useValues } from './values-store.ts';

/** What the address chose to see of numbers; null when cells show something else. */
export interface ValueChoice {
  readonly statistic: StatisticId;
  /** Null for all matrices of an expert together. */
  readonly projection: ProjectionId | null;
}

export function useValueChoice(): ValueChoice | null {
  const statistic = useAddress((address) => address.statistic);
  const projection = useAddress((address) => address.projection);
  return useMemo(
    () => (isStatistic(statistic) ? { statistic, projection: isProjection(projection) ? projection : null } : null),
    [statistic, projection],
  );
}

/** The map's cells as values. */
export interface MapValues extends ValueChoice, CellPicture {
  readonly scale: ColourScale | null;
  /** True while an expert of the map has no value. */
  readonly missing: boolean;
  /** Cells that a finding names. */
  readonly marks: ReadonlySet<number>;
  /** A cell's value and findings, for a screen reader and a tooltip. */
  readonly words: (cell: Cell) => string;
}

/** Values of the open map in the chosen statistic; null when cells show something else. */
export function useMapValues(map: ExpertMap | null): MapValues | null {
  const choice = useValueChoice();
  const measured = useValues((state) => state.measured);
  const findings = useValues((state) => state.findings);
  const cells = useMemo(() => {
    if (!map || !choice) return null;
    const values = valuesOf(map, measured, choice.statistic, choice.projection);
    const scale = scaleOf(values, choice.statistic);
    const missing = map.rows.some(({ experts }, row) => {
      const end = row * map.columns + Math.min(experts ?? 0, map.columns);
      return values.subarray(row * map.columns, end).some(Number.isNaN);
    });
    return { values, scale, missing, pixels: valuePixels(values, scale) };
  }, [map, choice, measured]);
  const marked = useMemo(() => {
    const tags = new Map<number, Set<string>>();
    if (!map) return tags;
    const rows = new Map(map.rows.map(({ prefix }, row) => [prefix, row]));
    for (const { experts, tag } of findings) {
      for (const { prefix, expert } of experts) {
        const cell = (rows.get(prefix) ?? -1) * map.columns + expert;
        tags.set(cell, (tags.get(cell) ?? new Set()).add(tag));
      }
    }
    return tags;
  }, [map, findings]);
  return useMemo(() => {
    if (!map || !choice || !cells) return null;
    const { statistic, projection } = choice;
    const words = ({ row, column }: Cell) => {
      const cell = row * map.columns + column;
      const value = cells.values[cell];
      const of = projection === null ? '' : ` of ${projection}`;
      if (value === undefined || Number.isNaN(value)) return 'not measured';
      const found = [...(marked.get(cell) ?? [])].map((tag) => tag.replaceAll('-', ' '));
      return [`${STATISTICS[statistic].name}${of} ${formatStatistic(statistic, value)}`, ...found].join(', ');
    };
    const { scale, pixels, missing } = cells;
    return { ...choice, scale, pixels, missing, marks: new Set(marked.keys()), words };
  }, [map, choice, cells, marked]);
}
