import type { LoadsFacet } from '../loads/types.ts';

/**
 * One program of the outside world, with what is known of it: one optional facet for each kind of statement.
 *
 * Engines (`ranks`, `loads`, `handoff`) are handed a program and know no id. Adding one: docs/add-a-program.md.
 */
export interface Program<Id extends string = string> {
  /** A contract: it stands in JSON, addresses and flags. */
  readonly id: Id;
  /** The program's own name, as people write it. */
  readonly title: string;
  /** What it loads. */
  readonly loads?: LoadsFacet;
}

/** A program with its id as a literal type, so that the list of programs gives the union of their ids. */
export function defineProgram<const Id extends string>(program: Program<Id>): Program<Id> {
  return program;
}
