import { visibleParts } from '../../core/index.ts';

/**
 * A text that files or servers may have had a hand in, as it is: a character that draws nothing, or turns others around, stands
 * as its escape and is marked.
 */
export function Shown({ text }: { readonly text: string }) {
  return visibleParts(text).map(({ text: part, hidden }, at) =>
    hidden === null ? (
      part
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: parts of a text have no identity but their place
      <mark key={at} className="hidden-character" title={`${hidden}, a character that is not seen`}>
        {part}
      </mark>
    ),
  );
}
