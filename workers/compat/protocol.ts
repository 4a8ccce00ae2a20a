import type { CompatPage } from '../../src/core/index.ts';

/** A page as a value and as a document. */
export interface CompatAnswerPage {
  readonly page: CompatPage;
  /** The same page as a Markdown document, as docs/compat has it. */
  readonly markdown: string;
}

/** The worker that predicts which layout of a model type loads where. It opens nothing. */
export interface CompatApi {
  /** All model types that there is a page for. */
  types(): readonly string[];
  /** Null for a model type that is not known. */
  page(modelType: string): CompatAnswerPage | null;
}
