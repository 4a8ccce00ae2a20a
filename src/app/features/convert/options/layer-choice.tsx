import { useEffect, useState } from 'react';
import { move, useAddress } from '../../../state/address-store.ts';
import { useInspection } from '../../../state/inspection.ts';
import { formatLayers, parseLayers } from '../../../state/number-runs.ts';
import { choose, chooseWork, useConvertChoices, useWorkChoices } from './convert-options.ts';

const FORM = /^\s*\d{1,5}(-\d{1,5})?(\s*,\s*\d{1,5}(-\d{1,5})?)*\s*$/;

/** All layers, or the layers that are entered here or chosen in the map. */
export function LayerChoice() {
  const layers = useAddress((address) => address.layers);
  const { someLayers } = useConvertChoices();
  const { keepRest, keepMtp } = useWorkChoices();
  const predicts = useInspection((state) => state.map?.rows.some(({ kind }) => kind === 'mtp') === true);
  const some = someLayers || layers.length > 0;
  const all = () => {
    choose({ someLayers: false });
    move({ layers: [] });
  };
  return (
    <fieldset className="choice">
      <legend>Layers</legend>
      <label className="option">
        <input type="radio" name="layers" checked={!some} onChange={all} />
        <span className="option-name">All layers with experts</span>
      </label>
      <label className="option">
        <input type="radio" name="layers" checked={some} onChange={() => choose({ someLayers: true })} />
        <span className="option-name">Chosen layers</span>
      </label>
      {some && (
        <div className="option-more">
          <LayerField layers={layers} />
          <label className="check">
            <input
              type="checkbox"
              checked={keepRest}
              onChange={(event) => chooseWork({ keepRest: event.target.checked })}
            />
            <span>
              Keep all other tensors unchanged
              <span className="option-note">
                {keepRest
                  ? 'The output is the whole model, in two layouts.'
                  : 'If this is off, the output holds only these layers.'}
              </span>
            </span>
          </label>
        </div>
      )}
      {predicts && (
        <label className="check">
          <input
            type="checkbox"
            checked={keepMtp}
            onChange={(event) => chooseWork({ keepMtp: event.target.checked })}
          />
          <span>
            Keep layers of multi-token prediction unchanged
            <span className="option-note">If this is off, they are converted with the other layers.</span>
          </span>
        </label>
      )}
    </fieldset>
  );
}

function LayerField({ layers }: { readonly layers: readonly number[] }) {
  const known = formatLayers(layers);
  const [text, setText] = useState(known);
  const valid = FORM.test(text);
  useEffect(() => {
    setText((before) => (formatLayers(parseLayers(before)) === known ? before : known));
  }, [known]);
  const type = (value: string) => {
    setText(value);
    if (FORM.test(value)) move({ layers: parseLayers(value) });
    else if (value.trim() === '') {
      choose({ someLayers: true });
      move({ layers: [] });
    }
  };
  return (
    <label className="field-label">
      Layer numbers
      <input
        className="field mono"
        value={text}
        placeholder="0-3,7"
        spellCheck={false}
        autoComplete="off"
        aria-invalid={!valid && text !== ''}
        aria-describedby="layers-help"
        onChange={(event) => type(event.target.value)}
      />
      <span id="layers-help" className={valid || text === '' ? 'option-note' : 'option-note wrong'}>
        {valid || text === '' ? 'Or choose rows in the map.' : 'Numbers and ranges, such as 0-3,7.'}
      </span>
    </label>
  );
}
