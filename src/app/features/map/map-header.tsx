import { formatInteger, type Inspection, isUnread, plural, type TermId } from '../../../core/index.ts';
import { OpeningCounts } from '../../checkpoint/opening-counts.tsx';
import { late } from '../../parts/late.tsx';
import { Bytes } from '../../parts/numbers.tsx';
import { Shown } from '../../parts/shown.tsx';
import { Term } from '../../parts/term.tsx';
import { hasNoLayers, useInspection } from '../../state/inspection.ts';

/** Opens a popover, which needs more code than the map itself. */
const Parameters = late(async () => (await import('../../checkpoint/parameters.tsx')).Parameters);

/** The layout in one line, and the progress of reading. */
export function MapHeader() {
  const summary = useInspection((state) => state.summary);
  const complete = useInspection((state) => state.complete);
  const cells = useInspection((state) => state.map?.defects ?? 0);
  const none = useInspection(hasNoLayers);
  if (!summary) return null;
  const partly = summary.findings.some(isUnread);
  // After all headers are read: errors; before: cells with a defect.
  const errors = summary.findings.filter((finding) => finding.severity === 'error').length;
  const counted = complete ? plural(errors, 'error') : plural(cells, 'defect');
  const { layout, dialects, moeLayers, experts, tensors, bytes, modelType, shards } = summary;
  const size =
    moeLayers === 0
      ? ''
      : `${plural(moeLayers, 'layer')} × ${experts === null ? 'varying' : formatInteger(experts)} experts`;
  return (
    <header className="map-header">
      <div className="verdict">
        <h1>
          {none ? 'No layer recognised' : <Term id={termOfLayout(layout)}>{layout}</Term>}
          {dialects.length > 0 && (
            <span>
              {' · '}
              <Term id="dialect">{dialects.join(', ')}</Term>
            </span>
          )}
        </h1>
        {(complete ? errors : cells) > 0 && (
          <strong className="defects">{counted + (partly ? ' in the files that were read' : '')}</strong>
        )}
        {modelType !== null && (
          <span className="mono quiet">
            <Shown text={modelType} />
          </span>
        )}
        {complete && <Parameters />}
      </div>
      <p className="totals">
        {size !== '' && <span>{size}</span>}
        <span>{plural(tensors, 'tensor')}</span>
        <span>
          {formatInteger(shards)} <Term id="shard">{shards === 1 ? 'shard' : 'shards'}</Term>
        </span>
        <Bytes of={bytes} />
        {!complete && <span className="quiet">so far</span>}
      </p>
      <div className="map-progress">{!complete && <OpeningCounts />}</div>
    </header>
  );
}

/** The glossary term of a family of layouts; other values are explained as "layout". */
function termOfLayout(layout: Inspection['layout']): TermId {
  return layout === 'mixed' || layout === 'dense' || layout === 'unknown' ? 'layout' : layout;
}
