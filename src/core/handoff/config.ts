import { chooseSetup } from '../ranks/memory/choices.ts';
import { type MemorySetup, meshOfSetup } from '../ranks/memory/setup.ts';
import type { ModelShape } from '../ranks/memory/shape.ts';
import type { FrameworkId, PlacementError, Strategy } from '../ranks/types.ts';
import { VERSION } from '../version.ts';
import { SERVING } from './config-serving.ts';
import { TRAINING } from './config-training.ts';
import { CONFIG_KINDS, type ConfigFacts, type ConfigKind, type ConfigMaker } from './config-types.ts';

/** A configuration to take along. */
export interface ConfigFile {
  readonly kind: ConfigKind;
  readonly title: string;
  /** What its keys were read in. */
  readonly version: string;
  readonly file: string;
  /** Version and limits as comments, then the configuration: what is copied. */
  readonly text: string;
  readonly limits: readonly string[];
}

export interface ConfigRequest {
  readonly model: string;
  readonly shape: ModelShape;
  readonly setup: MemorySetup;
  readonly strategy?: Strategy | undefined;
  readonly redundant?: number | undefined;
  readonly all2all?: string | undefined;
}

/** Spellings that people will type. */
const ALIASES: Readonly<Record<string, ConfigKind>> = {
  transformers: 'transformers-5',
  'distributed-config': 'transformers-5',
  fsdp2: 'accelerate',
  megatron: 'megatron-core',
  card: 'transformers-4.57',
};

const MAKERS = { ...TRAINING, ...SERVING } as Readonly<Record<ConfigKind, ConfigMaker>>;

/** The kind of a name or of a usual spelling of it; null for text that is none. */
export function configKindOf(text: string): ConfigKind | null {
  const kind = CONFIG_KINDS.find((each) => each === text);
  return kind ?? (Object.hasOwn(ALIASES, text) ? (ALIASES[text] ?? null) : null);
}

/** The framework of the rank preview whose placement goes with a kind. */
export function configFramework(kind: ConfigKind): FrameworkId {
  switch (kind) {
    case 'torchtitan':
    case 'megatron-core':
    case 'vllm':
    case 'sglang':
    case 'transformers-4.57':
      return kind;
    default:
      return 'transformers-5';
  }
}

/** A kind with whose mesh it speaks of, for menus. */
export function configKinds(): readonly { readonly kind: ConfigKind; readonly title: string }[] {
  return CONFIG_KINDS.map((kind) => ({ kind, title: MAKERS[kind].title }));
}

/**
 * A configuration for one program, filled from a set-up, with keys that exist at the version that it names.
 *
 * Degrees that the program does not have are left out where another carries them (expert parallelism folded over FSDP2's
 * ranks); an error is the program's own message, or that of its mesh.
 */
export function configFor(kind: ConfigKind, request: ConfigRequest): ConfigFile | PlacementError {
  const maker = MAKERS[kind];
  const setup = { ...request.setup, framework: maker.framework };
  const mesh = meshOfSetup(setup, request.shape);
  if ('error' in mesh) return mesh;
  const choices = chooseSetup(setup);
  if ('error' in choices) return choices;
  const facts: ConfigFacts = {
    model: cleanModel(request.model),
    shape: request.shape,
    mesh,
    choices,
    strategy: request.strategy,
    redundant: request.redundant ?? 0,
    all2all: request.all2all,
  };
  const limits = maker.limits(facts);
  const head = [`For ${maker.version}. Written by moe-loom ${VERSION}.`, ...limits].map(
    (line) => `${maker.comment} ${line}\n`,
  );
  return {
    kind,
    title: maker.title,
    version: maker.version,
    file: maker.file(facts),
    text: head.join('') + maker.text(facts),
    limits,
  };
}

/** A name of a local folder may hold anything; line breaks and control characters would leave the comment or the string. */
function cleanModel(model: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const clean = model.replace(/[\u0000-\u001f\u007f\u2028\u2029]/g, '').slice(0, 512);
  return clean === '' ? 'MODEL' : clean;
}
