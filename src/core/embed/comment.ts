import { type Emitted, emit, type Language } from './emitted.ts';
import { visible } from './visible.ts';

/** What Python reads as the encoding of its source and Vim as settings, also where it stands in a comment. */
const ACTED_ON = /(coding|\bvim?|\bex)([:=])/gi;

/** A comment of one line, with its end, in every language here that has comments: all begin them with `#`. */
export function comment<L extends Exclude<Language, 'json' | 'markdown' | 'tsv'>>(text: string): Emitted<L> {
  return emit(`# ${visible(text).replace(ACTED_ON, '$1 $2')}\n`);
}
