import { move } from '../../../state/address-store.ts';
import { formatSetup } from './setup-address.ts';
import { useCardRows } from './use-memory.ts';

/** What the fused checkpoint's model card says of its runs, set against the numbers. */
export function CardPanel() {
  const rows = useCardRows();
  if (rows.length === 0) return null;
  return (
    <section aria-label="The model card’s rows" className="memory-card">
      <h2>The model card’s rows, explained</h2>
      <dl>
        {rows.map(({ claim, answer, setup }) => (
          <div key={claim}>
            <dt>
              “{claim}”{' '}
              {setup && (
                <button
                  type="button"
                  className="button small"
                  aria-label={`Show the set-up: ${claim}`}
                  onClick={() => move({ memory: formatSetup(setup) })}
                >
                  Show the set-up
                </button>
              )}
            </dt>
            <dd>{answer}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
