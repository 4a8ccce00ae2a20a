/** Where a statement about a program of the outside world comes from. Every facet of a program says it. */
export interface Provenance {
  /** The version or commit that was read or run. */
  readonly version: string;
  /** Where to look it up: repository and file, or issue. */
  readonly source: string;
  /** ISO date on which it was read; a month where no more is known. */
  readonly date: string;
}
