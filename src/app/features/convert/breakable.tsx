import { Fragment } from 'react';
import { Shown } from '../../parts/shown.tsx';

/** A long name that may break after its dots, dashes and underscores, and nowhere else. */
export function Breakable({ text }: { readonly text: string }) {
  return text.split(/(?<=[._/-])/).map((piece, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: pieces of one text keep their order
    <Fragment key={index}>
      {index > 0 && <wbr />}
      <Shown text={piece} />
    </Fragment>
  ));
}
