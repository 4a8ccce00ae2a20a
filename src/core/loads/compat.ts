import { architectureOf } from '../layouts/architecture-rules.ts';
import { ARCHITECTURES } from '../layouts/architecture-table.ts';
import { detectLayout } from '../layouts/detect.ts';
import { type DialectSpec, dialectOf, layoutId } from '../layouts/dialects.ts';
import { assumptionFor, inDialect, MADE_SIZES, type MadeUp, madeUpOf } from '../layouts/made-up.ts';
import { TARGET_ROWS } from '../layouts/target-rows.ts';
import type { TargetLayout } from '../layouts/types.ts';
import type { Shape } from '../safetensors/types.ts';
import { type CompatFact, compatFacts } from './compat-facts.ts';
import { convertedInput, inputOf, predict } from './predict.ts';
import type { LoadInput } from './sparse-layers.ts';
import type { LoadingProgram, ProgramVerdict } from './types.ts';

/** What a program makes of one layout of a model type. Its lists of names are those of a made-up checkpoint, and left out. */
export type CompatAnswer = Pick<
  ProgramVerdict,
  'id' | 'title' | 'version' | 'verdict' | 'evidence' | 'needs' | 'cure' | 'inference'
>;

/** A kind of expert tensor: its name, `{layer}` and `{i}` for the numbers, and its shape in words. */
export interface CompatTensor {
  readonly name: string;
  readonly shape: string;
}

/** A model type's experts in one layout, with what every program makes of it. */
export interface CompatLayout {
  /** `per-expert/projections`. */
  readonly id: string;
  /** Repos on the Hub are stored so. */
  readonly hub: boolean;
  /** transformers 5 holds them so. */
  readonly memory: boolean;
  /** The conversion that writes it; null where there is none. */
  readonly target: TargetLayout | null;
  readonly tensors: readonly CompatTensor[];
  readonly answers: readonly CompatAnswer[];
}

/** Which layout of one model type loads where. */
export interface CompatPage {
  readonly modelType: string;
  /** Other model types with the same names and layouts. */
  readonly alike: readonly string[];
  readonly facts: readonly CompatFact[];
  /** The newest date of what the answers rest on, as an ISO date; null where there are no answers. */
  readonly date: string | null;
  /** The Hub's usual layout first. Empty where no small checkpoint could be made of the type. */
  readonly layouts: readonly CompatLayout[];
}

/** All model types that a page can be made for, in alphabetical order. */
export const COMPAT_TYPES: readonly string[] = ARCHITECTURES.flatMap(({ modelTypes }) => modelTypes).sort((a, b) =>
  a < b ? -1 : 1,
);

/**
 * Which layout of a model type loads where: the layouts that the Hub has, and those that a conversion writes.
 *
 * Predicted for a made-up checkpoint of one layer, whose values and whose other tensors are not looked at. Null for a
 * model type that is not known.
 */
export function compatPage(programs: readonly LoadingProgram[], modelType: string): CompatPage | null {
  const row = architectureOf(modelType);
  if (!row) return null;
  const layouts = layoutsOf(modelType).map((made) => withAnswers(programs, made));
  const dates = layouts.flatMap(({ answers }) => answers.map(({ evidence }) => evidence.date));
  return {
    modelType,
    alike: row.modelTypes.filter((each) => each !== modelType),
    facts: compatFacts(row),
    date: dates.sort().at(-1) ?? null,
    layouts,
  };
}

interface MadeLayout extends Omit<CompatLayout, 'answers'> {
  readonly input: LoadInput;
}

function withAnswers(programs: readonly LoadingProgram[], { input, ...layout }: MadeLayout): CompatLayout {
  const answers = predict(programs, input.checkpoint, input.layout).map((each): CompatAnswer => {
    const { missing, unexpected, mismatched, ...answer } = each;
    return answer;
  });
  return { ...layout, answers };
}

/** The layouts of the Hub, then those of the conversions that write another one or other names. */
function layoutsOf(modelType: string): MadeLayout[] {
  const usual = madeUpOf(modelType);
  const row = architectureOf(modelType);
  if (!usual || !row) return [];
  const found: MadeLayout[] = [];
  const add = (input: LoadInput, hub: boolean, target: TargetLayout | null) => {
    const layout = input.layout.groups.find(({ kind }) => kind === 'moe')?.layout;
    if (!layout) return;
    const tensors = tensorsOf(input);
    const same = found.findIndex((each) => sameTensors(each.tensors, tensors));
    const known = found[same];
    if (known) found[same] = { ...known, target: known.target ?? target };
    else {
      const memory = row.memory !== null && layoutId(row.memory) === layoutId(layout);
      found.push({ id: layoutId(layout), hub, memory, target, tensors, input });
    }
  };
  for (const each of row.disk) {
    const spec = dialectOf(each);
    const checkpoint = spec && inDialect(usual, spec);
    if (checkpoint) add(readAs(checkpoint, spec), true, null);
  }
  const start = found[0]?.input;
  for (const target of start ? targets() : []) {
    const made = start && convertedInput(start, target);
    if (made) add(made, false, target);
  }
  return found;
}

function targets(): readonly TargetLayout[] {
  return Object.keys(TARGET_ROWS) as TargetLayout[];
}

/** MXFP4 blocks are read only where config.json says that they are such. */
function readAs({ tensors, config }: MadeUp, spec: DialectSpec): LoadInput {
  const said = spec.blocks ? { ...config, quantization_config: { quant_method: 'mxfp4' } } : config;
  const checkpoint = { tensors, config: said };
  return inputOf(checkpoint, detectLayout(checkpoint, assumptionFor(spec)));
}

function tensorsOf({ layout }: LoadInput): CompatTensor[] {
  return layout.groups
    .filter(({ kind }) => kind === 'moe')
    .flatMap(({ members }) => members)
    .map(({ template, shape }) => ({
      name: template.replace(/(^|\.)0\./, '$1{layer}.'),
      shape: shapeInWords(shape),
    }));
}

function sameTensors(a: readonly CompatTensor[], b: readonly CompatTensor[]): boolean {
  const names = new Set(a.map(({ name, shape }) => `${name} ${shape}`));
  return a.length === b.length && b.every(({ name, shape }) => names.has(`${name} ${shape}`));
}

const { experts, intermediate, hidden } = MADE_SIZES;
/** Every size that a made-up tensor can have, in words; no two are equal. */
const SIZE_WORDS: ReadonlyMap<number, string> = new Map([
  [experts, 'experts'],
  [intermediate, 'expert width'],
  [2 * intermediate, '2 × expert width'],
  [hidden, 'hidden'],
  [intermediate / 32, 'expert width / 32'],
  [hidden / 32, 'hidden / 32'],
  [experts * intermediate, 'experts × expert width'],
  [experts * 2 * intermediate, 'experts × 2 × expert width'],
  [experts * hidden, 'experts × hidden'],
]);

function shapeInWords(shape: Shape): string {
  return `[${shape.map((size) => SIZE_WORDS.get(size) ?? String(size)).join(', ')}]`;
}
