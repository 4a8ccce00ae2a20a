import { memo } from 'react';
import { type Target, targetGlyph } from '../../core/index.ts';
import { SmallPicture } from './small-picture.tsx';

/** The tensors of a conversion target, small; drawn once, however often the list around it changes. */
export const TargetPicture = memo(function TargetPicture({ target }: { readonly target: Target }) {
  return <SmallPicture picture={targetGlyph(target)} />;
});
