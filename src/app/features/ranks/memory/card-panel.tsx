import { move } from '../../../state/address-store.ts';
import { formatSetup } from './setup-address.ts';
import { useCardRows } from './use-memory.ts';

/** Each statement of the model card about its runs, with what this memory model says about it. */
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
                  aria-label={`Use this set-up: ${claim}`}
                  onClick={() => move({ memory: formatSetup(setup) })}
                >
                  Use this set-up
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
