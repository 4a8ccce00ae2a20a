import { CELL, cellsPicture, type ExpertMap, type Picture, plural } from '../../../core/index.ts';
import { useFindingsSentence } from '../../checkpoint/use-findings-sentence.ts';
import { nameOf } from '../../grid/describe.ts';
import type { CellPicture } from '../../grid/expert-grid-props.ts';
import { SaveButtons } from '../../pictures/save-buttons.tsx';
import { useInspection } from '../../state/inspection.ts';
import { useSelectedCell } from '../../state/selection.ts';
import type { Legend } from './colours.ts';

interface SaveMapProps {
  readonly map: ExpertMap;
  /** As the map is coloured now. */
  readonly cells: () => Pick<CellPicture, 'pixels' | 'lanes'>;
  readonly legend: Legend;
  /** What the colours represent: `shard`. */
  readonly by: string;
}

/** Saves the map as it is coloured, with what its colours mean. */
export function SaveMap({ map, cells, legend, by }: SaveMapProps) {
  const summary = useInspection((state) => state.summary);
  const found = useFindingsSentence();
  const cell = useSelectedCell();
  if (!summary) return null;
  const { identity, layout, dialects } = summary;
  const chosen = cell && { row: cell.row, column: cell.expert };
  const facts = cell ? map.rows[cell.row] : undefined;
  const name = [layout, ...dialects].join(' · ');
  const picture = (): Picture =>
    cellsPicture({
      title: `Experts of each layer, coloured by ${by}: ${name}`,
      description: `${plural(map.rows.length, 'row')} for layers, ${plural(map.columns, 'column')} for experts.`,
      rows: map.rows.map(({ index }, row) => String(index ?? row)),
      columns: map.columns,
      ...cells(),
      legend: legendOf(legend),
      note: legend.note ?? '',
      crossed: [...map.state].flatMap((state, at) => (state === CELL.defect ? [at] : [])),
      chosen,
    });
  return (
    <SaveButtons
      picture={picture}
      notes={[
        identity,
        found,
        ...(facts ? [`The frame marks ${nameOf(facts).toLowerCase()}, expert ${cell?.expert}.`] : []),
      ]}
      name={[identity, 'map', by]}
      what="the map"
    />
  );
}

/** A ramp as swatches between its ends. */
function legendOf({ items, ramp }: Legend) {
  if (!ramp) return items;
  const last = ramp.colours.length - 1;
  const steps = ramp.colours.map((colour, at) => ({
    colour,
    text: at === 0 ? `from ${ramp.least}` : at === last ? `to ${ramp.most}` : '',
  }));
  return [...steps, ...items];
}
