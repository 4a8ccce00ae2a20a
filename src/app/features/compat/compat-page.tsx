import type { CompatAnswerPage } from '../../../../workers/compat/protocol.ts';
import { COMPAT_LIMIT, type CompatLayout, type CompatPage, whereFound } from '../../../core/index.ts';
import { CopyButton } from '../../parts/copy-button.tsx';
import { RichText } from '../../parts/rich-text.tsx';
import { ALL_TYPES, compatLink } from '../../state/page-links.ts';
import { CompatReasons } from './compat-reasons.tsx';
import { CompatTable } from './compat-table.tsx';

/** The page of one model type: its layouts against all programs, why, and what is special about it. */
export function CompatPageView({ page, markdown }: CompatAnswerPage) {
  const { modelType, layouts, facts, date, alike } = page;
  return (
    <article className="compat">
      <header className="compat-header">
        <h1>
          <span className="mono">{modelType}</span>: which layout loads where
        </h1>
        <div className="row">
          <a {...compatLink(ALL_TYPES)}>All model types</a>
          <CopyButton label="Copy as Markdown" text={() => markdown} />
        </div>
      </header>
      {layouts.length === 0 ? (
        <p>No small checkpoint could be made of this model type, so no program is predicted for it here.</p>
      ) : (
        <>
          <p>
            {COMPAT_LIMIT} It has one layer, no values and, MXFP4 apart, no quantisation. The newest evidence is of{' '}
            <time dateTime={date ?? undefined}>{date}</time>.
          </p>
          <CompatTable layouts={layouts} />
          <CompatReasons page={page} />
          <Stored layouts={layouts} />
        </>
      )}
      <Special facts={facts} />
      {alike.length > 0 && <Alike types={alike} />}
    </article>
  );
}

function Stored({ layouts }: { readonly layouts: readonly CompatLayout[] }) {
  return (
    <section aria-labelledby="compat-stored">
      <h2 id="compat-stored">How its experts are stored</h2>
      <ul className="compat-stored">
        {layouts.map((layout) => (
          <li key={`${layout.id} ${layout.tensors[0]?.name}`}>
            <h3 className="mono">{layout.id}</h3>
            <p className="compat-where quiet">
              <RichText text={whereFound(layout)} />
            </p>
            <ul>
              {layout.tensors.map(({ name, shape }) => (
                <li key={name}>
                  <code>{name}</code> <span className="quiet">{shape}</span>
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Special({ facts }: Pick<CompatPage, 'facts'>) {
  return (
    <section aria-labelledby="compat-special">
      <h2 id="compat-special">What is special</h2>
      <dl className="compat-facts">
        {facts.map(({ about, text }) => (
          <div key={about}>
            <dt>{about}</dt>
            <dd>
              <RichText text={text} />
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Alike({ types }: { readonly types: readonly string[] }) {
  return (
    <section aria-labelledby="compat-alike">
      <h2 id="compat-alike">Model types with the same names and layouts</h2>
      <ul className="compat-types">
        {types.map((type) => (
          <li key={type}>
            <a className="mono" {...compatLink(type)}>
              {type}
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
