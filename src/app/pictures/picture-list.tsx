import { useState } from 'react';
import { type Picture, visible } from '../../core/index.ts';

/** What a picture's shapes represent, as rows of text; those of one expert alone where one is given. */
export function PictureList({
  picture,
  expert = null,
}: {
  readonly picture: Picture;
  readonly expert?: number | null;
}) {
  const [open, setOpen] = useState(false);
  const lines = picture.marks.flatMap((mark) =>
    (mark.kind === 'box' || mark.kind === 'ribbon') &&
    mark.title !== undefined &&
    (expert === null || mark.expert === expert)
      ? [mark.title]
      : [],
  );
  return (
    <details className="picture-list" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>As a list{expert !== null && `, of expert ${expert}`}</summary>
      {open && (
        <ol>
          {[...new Set(lines)].map((line) => (
            <li key={line} className="mono">
              {visible(line)}
            </li>
          ))}
        </ol>
      )}
    </details>
  );
}
