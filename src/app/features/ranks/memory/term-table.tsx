import { type MemoryReport, tsvText } from '../../../../core/index.ts';
import { CopyButton } from '../../../parts/copy-button.tsx';
import { formatBand } from './memory-words.ts';
import { termColour } from './term-colours.ts';

/** Every term of one or two set-ups, in GB, with the sum that was made. */
export function TermTable({ reports }: { readonly reports: readonly MemoryReport[] }) {
  const [first, second] = reports;
  if (!first) return null;
  const names = [...new Set(reports.flatMap((report) => report.terms.map((term) => term.name)))];
  const cell = (report: MemoryReport, name: string) => {
    const term = report.terms.find((each) => each.name === name);
    return term ? formatBand(term) : '–';
  };
  const tsv = () =>
    tsvText([
      ['term', 'low', 'high', 'basis'],
      ...first.terms.map((term) => [term.name, term.low, term.high, term.basis]),
      ['sum', first.low, first.high, ''],
    ]);
  return (
    <section aria-label="Terms" className="memory-terms">
      <div className="tables-head">
        <h2>Fullest at: {first.phase}</h2>
        <CopyButton label="Copy as TSV" text={tsv} />
      </div>
      <table className="facts-table" aria-label="Terms of memory">
        <thead>
          <tr>
            <th scope="col">Term</th>
            <th scope="col" className="number">
              GB
            </th>
            {second && (
              <th scope="col" className="number">
                beside, GB
              </th>
            )}
            <th scope="col">How it is counted</th>
          </tr>
        </thead>
        <tbody>
          {names.map((name) => {
            const at = first.terms.findIndex((term) => term.name === name);
            return (
              <tr key={name}>
                <th scope="row">
                  <svg className="swatch" viewBox="0 0 12 12" aria-hidden="true">
                    <rect width="12" height="12" className="term" fill={termColour(name)} />
                  </svg>{' '}
                  {name}
                </th>
                <td className="number mono">{cell(first, name)}</td>
                {second && <td className="number mono">{cell(second, name)}</td>}
                <td className="basis">
                  {(first.terms[at] ?? second?.terms.find((term) => term.name === name))?.basis}
                </td>
              </tr>
            );
          })}
          <tr className="sum">
            <th scope="row">Sum</th>
            <td className="number mono">{formatBand(first)}</td>
            {second && <td className="number mono">{formatBand(second)}</td>}
            <td />
          </tr>
        </tbody>
      </table>
    </section>
  );
}
