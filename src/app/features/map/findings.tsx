import { plural } from '../../../core/index.ts';
import { useInspection } from '../../state/inspection.ts';

/** More are a flood; the command line prints them all. */
const SHOWN = 40;

/** Everything that a reader of this checkpoint should know, a sentence each. */
export function Findings() {
  const findings = useInspection((state) => state.summary?.findings);
  const complete = useInspection((state) => state.complete);
  if (!findings) return null;
  return (
    <section className="findings" aria-labelledby="findings">
      <h2 id="findings">Findings</h2>
      {!complete && <p className="quiet">Headers are still being read; what is missing may yet come.</p>}
      {complete && findings.length === 0 && <p className="good">Nothing odd: headers, index and config agree.</p>}
      <ul>
        {findings.slice(0, SHOWN).map((finding, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two findings may say the same
          <li key={at} data-severity={finding.severity}>
            <span className="finding-kind">{finding.severity === 'error' ? 'Error' : 'Note'}</span>
            <span>{finding.message}</span>
          </li>
        ))}
      </ul>
      {findings.length > SHOWN && <p className="quiet">And {plural(findings.length - SHOWN, 'finding')} more.</p>}
    </section>
  );
}
