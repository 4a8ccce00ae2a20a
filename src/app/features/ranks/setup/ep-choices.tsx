import type { RankPicture, RankQuery } from '../../../../../workers/ranks/protocol.ts';
import { move, useAddress } from '../../../state/address-store.ts';
import { NumberField } from './number-field.tsx';

interface EpChoicesProps {
  readonly query: RankQuery;
  readonly picture: RankPicture | null;
}

/** Buttons for the divisors of the number of experts, and a field for any other number; the framework accepts or refuses it. */
export function EpChoices({ query, picture }: EpChoicesProps) {
  const asked = useAddress((address) => address.ep);
  const ep = query.options.ep ?? picture?.placed?.ep ?? null;
  const choices = picture?.choices ?? [];
  return (
    <div className="setup-ep">
      <NumberField
        label="EP"
        term="ep"
        title="Expert-parallel size"
        value={asked}
        placeholder={ep === null ? '1' : String(ep)}
        onChange={(value) => move({ ep: value })}
      />
      {choices.length > 0 && <Divisors choices={choices} ep={ep} />}
    </div>
  );
}

function Divisors({ choices, ep }: { readonly choices: RankPicture['choices']; readonly ep: number | null }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would be a box of its own
    <div className="segments ep-divisors" role="group" aria-label="Divisors of the number of experts">
      {choices.map((choice) => (
        <button
          key={choice.ep}
          type="button"
          aria-pressed={choice.ep === ep}
          className={choice.error === null ? undefined : 'refused'}
          title={choice.error ?? undefined}
          aria-label={choice.error === null ? `EP ${choice.ep}` : `EP ${choice.ep}, refused: ${choice.error}`}
          onClick={() => move({ ep: choice.ep })}
        >
          {choice.ep}
        </button>
      ))}
    </div>
  );
}
