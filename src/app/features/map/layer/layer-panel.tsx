import type { ExpertMap, Picture } from '../../../../core/index.ts';
import { useFindingsSentence } from '../../../checkpoint/use-findings-sentence.ts';
import { nameOf } from '../../../grid/describe.ts';
import { PictureList } from '../../../pictures/picture-list.tsx';
import { PictureLegend, PictureView } from '../../../pictures/picture-view.tsx';
import { SaveLayer } from '../../../pictures/save-layer.tsx';
import { useLayerPictures } from '../../../queries/queries.ts';
import { useInspection } from '../../../state/inspection.ts';
import { chooseLook, useLook } from '../../../state/seen/use-look.ts';
import { useFilesAhead } from '../strips/use-files-ahead.ts';
import './layer-panel.css';

interface LayerPanelProps {
  readonly map: ExpertMap;
  /** The row whose layer is drawn. */
  readonly row: number;
  /** The expert that is marked; null for none. */
  readonly expert: number | null;
}

/** One layer as it is stored: its kinds of tensors to scale, and where their bytes lie. */
export function LayerPanel({ map, row, expert }: LayerPanelProps) {
  const layerShown = useLook('layerShown');
  const facts = map.rows[row];
  const { data } = useLayerPictures(layerShown ? row : null);
  const shown = layerShown && data?.row === row ? data : null;
  // The worker answers in turn: the layer is drawn first.
  useFilesAhead(!layerShown || shown !== null);
  if (!facts) return null;
  return (
    <section
      className={layerShown ? 'layer-panel open' : 'layer-panel'}
      aria-label={`${nameOf(facts)} as it is stored`}
    >
      <header className="layer-panel-head">
        <h2>
          <button
            type="button"
            className="link"
            aria-expanded={layerShown}
            onClick={() => chooseLook({ layerShown: !layerShown })}
          >
            {nameOf(facts)} as it is stored
          </button>
        </h2>
        {shown && <span className="quiet">{shown.notes.join(' ')}</span>}
        {shown && (
          <Drawn glyph={shown.glyph} strip={shown.strip} notes={shown.notes} name={nameOf(facts)} expert={expert} />
        )}
      </header>
      {shown && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section className="picture-frame" tabIndex={0} aria-label="Drawing">
          <PictureLegend pictures={[...(shown.glyph ? [shown.glyph] : []), shown.strip]} />
          <div className="layer-pictures">
            {shown.glyph && <PictureView picture={shown.glyph} expert={expert} />}
            <PictureView picture={shown.strip} expert={expert} />
          </div>
          <PictureList picture={shown.strip} />
        </section>
      )}
    </section>
  );
}

interface DrawnProps {
  readonly glyph: Picture | null;
  readonly strip: Picture;
  readonly notes: readonly string[];
  readonly name: string;
  readonly expert: number | null;
}

/** Saves the drawings, in the colours that the page has. */
function Drawn({ glyph, strip, notes, name, expert }: DrawnProps) {
  const identity = useInspection((state) => state.summary?.identity ?? '');
  const found = useFindingsSentence();
  return (
    <span className="layer-panel-save">
      <SaveLayer
        glyph={glyph}
        strip={strip}
        notes={[identity, found, ...notes]}
        name={[identity, name]}
        expert={expert}
      />
    </span>
  );
}
