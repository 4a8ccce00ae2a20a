import { useId } from 'react';
import { type Picture, rolesIn } from '../../core/index.ts';
import { textureId } from './fills.ts';
import { Painted, Texture } from './picture-view.tsx';

/** A picture beside words that say the same: readers of the screen are not told of it. */
export function SmallPicture({ picture: { width, height, marks } }: { readonly picture: Picture }) {
  const id = `s${useId().replace(/\W/g, '')}`;
  return (
    // A stroke lies half outside of its box.
    <svg
      className="small-picture"
      aria-hidden="true"
      width={width + 2}
      height={height + 2}
      viewBox={`-1 -1 ${width + 2} ${height + 2}`}
    >
      <defs>
        {rolesIn(marks).map((role) => (
          <Texture key={role} id={textureId(id, role)} role={role} />
        ))}
      </defs>
      {marks.map((mark, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: marks of a picture have no other name and never move
        <Painted key={at} mark={mark} id={id} />
      ))}
    </svg>
  );
}
