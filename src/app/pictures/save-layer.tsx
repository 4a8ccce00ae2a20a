import { useState } from 'react';
import type { Picture } from '../../core/index.ts';
import { Segments } from '../parts/segments.tsx';
import { SaveButtons } from './save-buttons.tsx';

interface SaveLayerProps {
  /** Null where a layer has none. */
  readonly glyph: Picture | null;
  readonly strip: Picture;
  readonly notes: readonly string[];
  readonly name: readonly string[];
  readonly expert: number | null;
  readonly what?: string;
}

/** Saves one of the two drawings of a layer: its kinds of tensors, or its bytes. */
export function SaveLayer({ glyph, strip, notes, name, expert, what }: SaveLayerProps) {
  const [which, setWhich] = useState<'glyph' | 'strip'>('glyph');
  const drawn = glyph ? which : 'strip';
  return (
    <>
      {glyph && (
        <Segments
          label="What to save"
          options={[
            ['glyph', 'Tensors'],
            ['strip', 'Bytes'],
          ]}
          value={which}
          onChange={setWhich}
        />
      )}
      <SaveButtons
        picture={() => (drawn === 'glyph' && glyph ? glyph : strip)}
        notes={notes}
        name={[...name, drawn]}
        expert={expert}
        {...(what === undefined ? {} : { what })}
      />
    </>
  );
}
