import { comment as commentLine } from '../embed/comment.ts';
import { type Emitted, joined, type Language } from '../embed/emitted.ts';
import { factsOf, type MemorySetup, meshOf } from '../ranks/memory/setup.ts';
import type { ModelShape } from '../ranks/memory/shape.ts';
import { placeStages } from '../ranks/placement.ts';
import type { PlacementError, PlacementOptions } from '../ranks/types.ts';
import { VERSION } from '../version.ts';
import { configChoices } from './config-choices.ts';
import type { ConfigFacts, ConfigOwner, ConfigurationRules } from './config-types.ts';

/** A configuration to take along. */
export interface ConfigFile {
  /** The id of its program. */
  readonly kind: string;
  readonly title: string;
  /** What its keys were read in. */
  readonly version: string;
  readonly file: string;
  /** Version and limits as comments where the format has them, then the configuration: what is copied. */
  readonly text: Emitted;
  readonly limits: readonly string[];
}

export interface ConfigRequest {
  readonly model: string;
  readonly shape: ModelShape;
  /** The placement that is shown, as it was asked for. */
  readonly options: PlacementOptions;
  /** Context, batch, offload and the like; sizes are those of `options`. */
  readonly run?: MemorySetup;
}

/** A program as the makers of configurations take it; `owner` is the one whose placement and memory it speaks of. */
export interface ConfiguredProgram {
  readonly id: string;
  readonly configuration: ConfigurationRules;
  readonly owner: ConfigOwner;
}

/**
 * A configuration for one program, made from the placement that is shown, with keys that exist at the version that it names.
 *
 * An error is the program's own message, or why the set-up cannot be said to it.
 */
export function configText(
  { id, configuration, owner }: ConfiguredProgram,
  request: ConfigRequest,
): ConfigFile | PlacementError {
  const { shape, options, run = {} } = request;
  if (shape.missing !== undefined) return { error: shape.missing, by: 'checkpoint' };
  const placement = placeStages(owner, options, factsOf(shape));
  if ('error' in placement) return placement;
  const mesh = meshOf(placement);
  const choices = configChoices(owner.memory, { ...run, ...mesh });
  if ('error' in choices) return choices;
  const model = modelName(request.model);
  const facts: ConfigFacts = { model, shape, placement, mesh, choices, options };
  const refusal = configuration.refusal?.(facts) ?? null;
  if (refusal !== null) return { error: refusal };
  const limits = [...(shape.contradictions ?? []), ...configuration.limits(facts)];
  const { comment } = configuration;
  const notes = comment === null ? [] : [`For ${configuration.version}. Written by moe-loom ${VERSION}.`, ...limits];
  const head = notes.map((line) => commentLine(line));
  return {
    kind: id,
    title: configuration.title,
    version: configuration.version,
    file: configuration.file,
    text: joined<Language>([...head, configuration.text(facts)]),
    limits,
  };
}

/** The longest name that is written; what is longer is no path of any system. */
const LONGEST = 4096;

/**
 * A name of a local folder may hold anything but NUL. One that begins with a dash would be a flag to most programs: as a path
 * from here it is not.
 */
function modelName(model: string): string {
  const name = model.replaceAll('\0', '').slice(0, LONGEST);
  if (name === '') return 'MODEL';
  return name.startsWith('-') ? `./${name}` : name;
}
