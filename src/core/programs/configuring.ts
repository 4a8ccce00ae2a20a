import { type ConfigFile, type ConfigRequest, configText } from '../handoff/config.ts';
import type { PlacementError } from '../ranks/types.ts';
import { PROGRAMS, type ProgramId, programOf } from './all.ts';
import { frameworkOf } from './placing.ts';
import { programsWith } from './program.ts';

/** Programs that a configuration can be made for, in the order of the list. */
export const CONFIGURED = programsWith(PROGRAMS, 'configuration');

/** Spellings that people will type of configurations alone. */
const ALIASES: Readonly<Record<string, ProgramId>> = {
  'distributed-config': 'transformers-5',
  fsdp2: 'accelerate',
  card: 'transformers-4.57',
};

/** The program of a name or of a usual spelling of it that has a configuration; null for any other text. */
export function configKindOf(text: string): ProgramId | null {
  const named = CONFIGURED.find((program) => program.id === text || program.aliases?.includes(text));
  return named?.id ?? (Object.hasOwn(ALIASES, text) ? (ALIASES[text] ?? null) : null);
}

/** The program whose placement, and memory where that is modelled, a configuration speaks of. */
function ownerOf(kind: ProgramId) {
  return frameworkOf(programOf(kind)?.configuration?.of?.id ?? kind);
}

/** The program whose placement goes with a configuration. */
export function configFramework(kind: ProgramId): ProgramId {
  return ownerOf(kind)?.id ?? kind;
}

/** Programs with what their configuration is called, for menus. */
export function configKinds(): readonly { readonly kind: ProgramId; readonly title: string }[] {
  return CONFIGURED.map(({ id, configuration }) => ({ kind: id, title: configuration.title }));
}

/**
 * The configuration of a program, made from the placement that is shown.
 *
 * An error is the program's own message, or why the set-up cannot be said to it.
 */
export function configFor(kind: ProgramId, request: ConfigRequest): ConfigFile | PlacementError {
  const [program, owner] = [programOf(kind), ownerOf(kind)];
  if (!program?.configuration || !owner) return { error: `There is no configuration for ${kind} here.` };
  return configText({ id: kind, configuration: program.configuration, owner }, request);
}
