import type { ConfigurationRules } from '../handoff/config-types.ts';
import type { PredictionTag } from '../layouts/prediction.ts';
import type { Evidence, LoadsFacet } from '../loads/types.ts';
import type { MemoryRules } from '../ranks/memory/rules.ts';
import type { PlacementRules } from '../ranks/types.ts';

/** How much a program is used: the order in which lists of programs that load checkpoints begin. */
export const USES = ['widely', 'specialised', 'fork'] as const;

/**
 * How much a program is used, judged by where a reader of the Hub meets it.
 *
 * `widely`: the Hub's model pages offer it under "Use this model", or the training guide of transformers names it.
 * `specialised`: a project with its own releases that neither names. `fork`: a changed copy of another program, or an
 * add-on that replaces a part of one.
 */
export type Use = (typeof USES)[number];

/**
 * One program of the outside world, with what is known of it: one optional facet for each kind of statement.
 *
 * Engines (`ranks`, `loads`, `handoff`) are handed a program and know no id. Adding one: docs/add-a-program.md.
 */
export interface Program<Id extends string = string> {
  /** A contract: it stands in JSON, addresses and flags. */
  readonly id: Id;
  /** Other spellings that people type; what is printed is the id. */
  readonly aliases?: readonly string[];
  /** The program's own name, as people write it. */
  readonly title: string;
  readonly use: Use;
  /** `owner/name` on GitHub, which sentences that cite its issues link to. */
  readonly repository?: string;
  /** Which rank holds which experts. */
  readonly placement?: PlacementRules;
  /** What a GPU needs with it; only beside a placement, which its sizes come from. */
  readonly memory?: MemoryRules;
  /** The configuration that sets it up as a placement says. */
  readonly configuration?: ConfigurationRules;
  /** What it loads. */
  readonly loads?: LoadsFacet;
  /** What comes of it that something about multi-token prediction does not fit; absent where nothing is known. */
  readonly prediction?: PredictionFacet;
}

/** What one defect of multi-token prediction means for a program, in a sentence that begins with a verb or `Its`. */
export interface Minded {
  readonly says: string;
  readonly evidence: Evidence;
}

export type PredictionFacet = Readonly<Partial<Record<PredictionTag, Minded>>>;

type Facet = 'placement' | 'memory' | 'configuration' | 'loads' | 'prediction';

/** A program of which these facets are known. */
export type ProgramWith<Id extends string, F extends Facet> = Program<Id> & {
  readonly [K in F]-?: NonNullable<Program[K]>;
};

/** The programs of a list of which all these facets are known, in its order. */
export function programsWith<Id extends string, F extends Facet>(
  programs: readonly Program<Id>[],
  ...facets: readonly F[]
): readonly ProgramWith<Id, F>[] {
  return programs.filter((program): program is ProgramWith<Id, F> =>
    facets.every((facet) => program[facet] !== undefined),
  );
}

/** A program with its id as a literal type, so that the list of programs gives the union of their ids. */
export function defineProgram<const P extends Program>(program: P): P {
  return program;
}
