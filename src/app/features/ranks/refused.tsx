import type { RankPicture, RankQuery } from '../../../../workers/ranks/protocol.ts';
import { frameworkOf, type NearSizes } from '../../../core/index.ts';
import { Shown } from '../../parts/shown.tsx';
import { move } from '../../state/address-store.ts';
import { isDense, useInspection } from '../../state/inspection.ts';
import { Refusal } from './refusal.tsx';

interface RefusedProps {
  readonly query: RankQuery;
  readonly picture: RankPicture;
}

/** The framework's own message, then which sizes work; or why this checkpoint or its conversion cannot be placed. */
export function Refused({ query, picture }: RefusedProps) {
  switch (picture.refusedBy) {
    case 'conversion':
      return <NotConvertible query={query} message={picture.error ?? ''} />;
    case 'checkpoint':
      return <NotPlaceable message={picture.error ?? ''} />;
    default:
      return <RefusedByFramework query={query} picture={picture} />;
  }
}

/** The checkpoint has no experts that any framework can place. */
function NotPlaceable({ message }: { readonly message: string }) {
  const dense = useInspection(isDense);
  if (dense)
    return (
      <section className="ranks-ask" role="status" aria-label="Nothing to place">
        <h2>Nothing to place</h2>
        <p>Expert parallelism spreads routed experts over ranks, and this model has none.</p>
      </section>
    );
  return <Refusal name="Refused" title="These experts cannot be placed" message={message} />;
}

function NotConvertible({ query, message }: { readonly query: RankQuery; readonly message: string }) {
  return (
    <section className="ranks-refused" role="alert" aria-label="Refused">
      <h2>This cannot be converted to {query.target}</h2>
      <p className="refusal mono">
        <Shown text={message} />
      </p>
      <div className="row">
        {query.unpack !== null && (
          <button type="button" className="button" onClick={() => move({ unpack: null })}>
            Keep weights as stored
          </button>
        )}
        <button type="button" className="button" onClick={() => move({ target: null })}>
          Show the layout as stored
        </button>
      </div>
    </section>
  );
}

function RefusedByFramework({ query, picture }: RefusedProps) {
  const { framework, redundant, ep } = query.options;
  const known = frameworkOf(framework);
  const working = picture.choices.filter((choice) => choice.error === null);
  const needs = known?.placement.redundant === true && (redundant ?? 0) === 0 && picture.fewestRedundant > 0;
  return (
    <section className="ranks-refused" role="alert" aria-label="Refused">
      <h2>{known?.title ?? framework} refuses this</h2>
      <p className="refusal mono">{picture.error}</p>
      {working.length > 0 ? (
        <p>With the other settings unchanged, these EP sizes work: {working.map((choice) => choice.ep).join(', ')}.</p>
      ) : picture.near.length > 0 ? (
        <p>No EP size works with the other settings unchanged. These changes make it work:</p>
      ) : (
        <p>No EP size works with the other settings unchanged. Change other settings.</p>
      )}
      {needs && (
        <p className="quiet">
          EP {ep} needs {picture.fewestRedundant} or more redundant experts, so that slots are divisible by ranks.
        </p>
      )}
      <div className="row">
        {working.slice(0, 12).map((choice) => (
          <button key={choice.ep} type="button" className="button" onClick={() => move({ ep: choice.ep })}>
            Use EP {choice.ep}
          </button>
        ))}
        {working.length === 0 &&
          picture.near.map((sizes) => (
            <button key={sizesText(sizes)} type="button" className="button" onClick={() => move(sizes)}>
              Use {sizesText(sizes)}
            </button>
          ))}
      </div>
    </section>
  );
}

/** `TP 4, DP 2`. */
function sizesText(sizes: NearSizes): string {
  return Object.entries(sizes)
    .map(([name, size]) => `${name.toUpperCase()} ${size}`)
    .join(', ');
}
