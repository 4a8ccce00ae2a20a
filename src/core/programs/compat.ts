import type { Emitted } from '../embed/emitted.ts';
import { type CompatPage, compatPage } from '../loads/compat.ts';
import { compatMarkdown } from '../loads/compat-markdown.ts';
import { LOADERS } from './loading.ts';

export { COMPAT_TYPES, type CompatAnswer, type CompatLayout, type CompatPage } from '../loads/compat.ts';

/** Which layout of a model type loads where: `compatPage` for all of `LOADERS`. Null for a type that is not known. */
export function compatOf(modelType: string): CompatPage | null {
  return compatPage(LOADERS, modelType);
}

/** A page as a Markdown document, as docs/compat has it. */
export function compatDocument(page: CompatPage): Emitted<'markdown'> {
  return compatMarkdown(page);
}

export { COMPAT_LIMIT, type CompatReason, compatReasons, whereFound } from '../loads/compat-markdown.ts';
