import type { EntryFacts } from '../../../core/index.ts';
import { formatRange } from '../../parts/numbers.tsx';

type Piece = NonNullable<EntryFacts['left']>;

/** A piece's tensor, and where its bytes are, on two lines. */
export function PieceLine({ piece }: { readonly piece: Piece }) {
  return (
    <>
      <span className="mono">{piece.tensor}</span>
      <span className="quiet mono">{placeOf(piece)}</span>
    </>
  );
}

/** `BF16 [128, 3072, 2048] · model-00001.safetensors · bytes 8–16`. */
export function placeOf(piece: Piece): string {
  const { dtype, shape, matrix, file, scattered } = piece;
  const part = matrix ? `${matrix[0]} × ${matrix[1]} of ` : '';
  return `${part}${dtype} [${shape.join(', ')}] · ${file} · ${formatRange(piece)}${scattered ? ', scattered' : ''}`;
}
