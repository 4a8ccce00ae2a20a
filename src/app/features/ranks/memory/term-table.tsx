import { type MemoryReport, tsvText } from '../../../../core/index.ts';
import { CopyButton } from '../../../parts/copy-button.tsx';
import { useNarrow } from '../../../parts/use-narrow.ts';
import { ExactBand } from './exact-band.tsx';
import { termColour } from './term-colours.ts';

interface TermsProps {
  readonly reports: readonly MemoryReport[];
}

/** Every term of one or two set-ups in GB, with the calculation behind it: a table, or a list on a narrow screen. */
export function TermTable({ reports }: TermsProps) {
  const narrow = useNarrow();
  const [first] = reports;
  if (!first) return null;
  const tsv = () =>
    tsvText([
      ['term', 'low', 'high', 'basis'],
      ...first.terms.map((term) => [term.name, term.low, term.high, term.basis]),
      ['sum', first.low, first.high, ''],
    ]);
  return (
    <section aria-label="Terms" className="memory-terms">
      <div className="tables-head">
        <h2>Peak during {first.phase}</h2>
        <CopyButton label="Copy as TSV" text={tsv} />
      </div>
      {narrow ? <TermList reports={reports} /> : <Table reports={reports} />}
    </section>
  );
}

function Table({ reports }: TermsProps) {
  return (
    <table className="facts-table" aria-label="Terms of memory">
      <thead>
        <tr>
          <th scope="col">Term</th>
          {reports.map((_, at) => (
            <th key={headOf(at)} scope="col" className="number">
              {headOf(at)}
            </th>
          ))}
          <th scope="col">Calculation</th>
        </tr>
      </thead>
      <tbody>
        {namesOf(reports).map((name) => (
          <tr key={name}>
            <th scope="row">
              <TermName name={name} />
            </th>
            {reports.map((report, at) => (
              <td key={headOf(at)} className="number mono">
                <TermBand report={report} name={name} />
              </td>
            ))}
            <td className="basis">{basisOf(reports, name)}</td>
          </tr>
        ))}
        <tr className="sum">
          <th scope="row">Total of one GPU</th>
          {reports.map((report, at) => (
            <td key={headOf(at)} className="number mono">
              <ExactBand {...report} />
            </td>
          ))}
          <td />
        </tr>
      </tbody>
    </table>
  );
}

function TermList({ reports }: TermsProps) {
  return (
    <ul className="fact-list" aria-label="Terms of memory">
      {namesOf(reports).map((name) => (
        <li key={name}>
          <TermName name={name} />
          <span className="number mono">
            {reports.map((report, at) => (
              <span key={headOf(at)}>
                {at > 0 && ' / '}
                <TermBand report={report} name={name} />
              </span>
            ))}{' '}
            GB
          </span>
          <span className="basis">{basisOf(reports, name)}</span>
        </li>
      ))}
      <li className="sum">
        <span>Total of one GPU</span>
        <span className="number mono">
          {reports.map((report, at) => (
            <span key={headOf(at)}>
              {at > 0 && ' / '}
              <ExactBand {...report} />
            </span>
          ))}{' '}
          GB
        </span>
      </li>
    </ul>
  );
}

function TermName({ name }: { readonly name: string }) {
  return (
    <span>
      <svg className="swatch" viewBox="0 0 12 12" aria-hidden="true">
        <rect width="12" height="12" className="term" fill={termColour(name)} />
      </svg>{' '}
      {name}
    </span>
  );
}

function TermBand({ report, name }: { readonly report: MemoryReport; readonly name: string }) {
  const term = report.terms.find((each) => each.name === name);
  return term ? <ExactBand {...term} /> : '–';
}

function headOf(at: number): string {
  return at === 0 ? 'GB' : 'Other, GB';
}

function namesOf(reports: TermsProps['reports']): string[] {
  return [...new Set(reports.flatMap((report) => report.terms.map((term) => term.name)))];
}

function basisOf(reports: TermsProps['reports'], name: string): string | undefined {
  return reports.flatMap(({ terms }) => terms).find((term) => term.name === name)?.basis;
}
