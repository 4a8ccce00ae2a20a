import type { CompatLayout } from '../../../core/index.ts';
import { VerdictBadge } from '../../checkpoint/verdict-badge.tsx';
import { useNarrow } from '../../parts/use-narrow.ts';
import { LayoutName } from './layout-name.tsx';

interface Props {
  readonly layouts: readonly CompatLayout[];
}

/** Programs against layouts: a table, on a phone a list of layouts. */
export function CompatTable({ layouts }: Props) {
  return (
    <section aria-labelledby="compat-table">
      <h2 id="compat-table">Programs and layouts</h2>
      {useNarrow() ? <List layouts={layouts} /> : <Table layouts={layouts} />}
    </section>
  );
}

function Table({ layouts }: Props) {
  const programs = layouts[0]?.answers ?? [];
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
    <section className="table-scroller compat-scroller" tabIndex={0} aria-label="Programs and layouts, table">
      <table className="table compat-table" aria-labelledby="compat-table">
        <thead>
          <tr>
            <th scope="col">Program</th>
            {layouts.map((layout) => (
              <th key={keyOf(layout)} scope="col">
                <LayoutName layout={layout} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {programs.map(({ id, title, version }, at) => (
            <tr key={id}>
              <th scope="row">
                <span className="compat-program">{title}</span> <span className="quiet">{version}</span>
              </th>
              {layouts.map((layout) => (
                <td key={keyOf(layout)}>
                  <VerdictBadge verdict={layout.answers[at]?.verdict ?? 'unknown'} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function List({ layouts }: Props) {
  return (
    <ul className="compat-list">
      {layouts.map((layout) => (
        <li key={keyOf(layout)}>
          <h3>
            <LayoutName layout={layout} />
          </h3>
          <dl>
            {layout.answers.map(({ id, title, verdict }) => (
              <div key={id}>
                <dt>{title}</dt>
                <dd>
                  <VerdictBadge verdict={verdict} />
                </dd>
              </div>
            ))}
          </dl>
        </li>
      ))}
    </ul>
  );
}

function keyOf({ id, tensors }: CompatLayout): string {
  return `${id} ${tensors[0]?.name}`;
}
