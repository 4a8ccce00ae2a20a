import { type ExpertMap, type ExpertPlace, plural, type ValueFinding } from '../../../../core/index.ts';
import type { Cell } from '../../../grid/geometry.ts';
import { Shown } from '../../../parts/shown.tsx';
import { useValues } from './values-store.ts';

/** Maximum number of findings on screen; the download has all of them. */
const SHOWN = 40;
const EXPERTS_SHOWN = 12;

const NAMES: Readonly<Record<ValueFinding['tag'], string>> = {
  'not-finite': 'NaN or Inf',
  'dead-expert': 'Dead expert',
  'dead-matrix': 'Dead matrix',
  'twin-experts': 'Twins',
  'twin-matrices': 'Twin matrices',
  'outlier-expert': 'Outlier',
};
const ERRORS = new Set<ValueFinding['tag']>(['not-finite']);

interface ValuesFindingsProps {
  readonly map: ExpertMap;
  readonly onActive: (cell: Cell | null, pinned: boolean) => void;
}

/** Findings in measured values, with links to their experts. */
export function ValuesFindings({ map, onActive }: ValuesFindingsProps) {
  const findings = useValues((state) => state.findings);
  const measured = useValues((state) => state.measured.size);
  const status = useValues((state) => state.status);
  const busy = status === 'running' || status === 'cancelling';
  return (
    <section className="findings" aria-labelledby="value-findings">
      <h2 id="value-findings">Findings in values</h2>
      {measured === 0 && <p className="quiet">No layer is measured yet.</p>}
      {measured > 0 && findings.length === 0 && (
        <p className={busy ? 'quiet' : 'good'}>
          {busy ? 'No problem found so far.' : 'No NaN and no dead, twin or outlier experts in the measured layers.'}
        </p>
      )}
      <ul>
        {findings.slice(0, SHOWN).map((finding) => (
          <li
            key={`${finding.tag} ${finding.projection} ${finding.message}`}
            data-severity={ERRORS.has(finding.tag) ? 'error' : 'warning'}
          >
            <span className="finding-kind">{NAMES[finding.tag]}</span>
            <span>
              <Shown text={finding.message} />
            </span>
            <span className="values-places">
              {finding.experts.slice(0, EXPERTS_SHOWN).map((place) => (
                <PlaceLink key={`${place.prefix} ${place.expert}`} map={map} place={place} onActive={onActive} />
              ))}
              {finding.experts.length > EXPERTS_SHOWN && (
                <span className="quiet">and {finding.experts.length - EXPERTS_SHOWN} more</span>
              )}
            </span>
          </li>
        ))}
      </ul>
      {findings.length > SHOWN && (
        <p className="quiet">And {plural(findings.length - SHOWN, 'finding')} more. The download has all of them.</p>
      )}
    </section>
  );
}

function PlaceLink({ map, place, onActive }: ValuesFindingsProps & { readonly place: ExpertPlace }) {
  const row = map.rows.findIndex(({ prefix }) => prefix === place.prefix);
  if (row === -1) return null;
  const name = place.layer === null ? place.prefix : `layer ${place.layer}`;
  return (
    <button type="button" className="link" onClick={() => onActive({ row, column: place.expert }, true)}>
      {name}, expert {place.expert}
    </button>
  );
}
