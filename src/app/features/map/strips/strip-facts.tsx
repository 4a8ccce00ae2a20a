import type { FileStrips } from '../../../../../workers/inspect/file-strips.ts';
import { type ExpertMap, formatBytes, formatShape } from '../../../../core/index.ts';
import { useResting } from '../../../grid/use-resting.ts';
import { formatRange } from '../../../parts/numbers.tsx';
import { Shown } from '../../../parts/shown.tsx';
import { useStripTensor } from '../../../queries/queries.ts';
import { bytesOfExpert, type StripPlace } from './geometry.ts';
import { placeLabel } from './strip-labels.ts';

interface StripFactsProps {
  readonly map: ExpertMap;
  readonly strips: FileStrips;
  readonly place: StripPlace;
}

/** The file, tensor, layer and expert under the pointer. */
export function StripFacts({ map, strips, place }: StripFactsProps) {
  const { row, tensor, expert } = place;
  const resting = useResting({ row: tensor ?? -1, column: 0 });
  const { data } = useStripTensor(resting ? tensor : null);
  const file = strips.files[row];
  if (!file) return null;
  const named = data && data.at === tensor ? data : null;
  const slice = tensor !== null && expert !== null && strips.cut[tensor] ? bytesOfExpert(strips, tensor, expert) : null;
  return (
    <>
      <strong className="mono">
        <Shown text={file.file} />
      </strong>
      {tensor === null && <span className="quiet">{formatBytes(file.byteLength)}</span>}
      {tensor !== null && (
        <span className="tooltip-tensor">
          <span>{placeLabel(map, strips, place)}</span>
          {named && (
            <span className="mono">
              <Shown text={named.name} />
            </span>
          )}
          {named && (
            <span className="quiet mono">
              {named.dtype} {formatShape(named.shape)}
            </span>
          )}
          <span className="quiet mono">
            {formatRange({ start: strips.start[tensor] ?? 0, end: strips.end[tensor] ?? 0 })}
          </span>
          {slice && (
            <span className="quiet mono">
              expert {expert}: {formatRange(slice)}
            </span>
          )}
        </span>
      )}
    </>
  );
}
