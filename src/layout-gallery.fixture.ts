import { architectureOf } from './core/layouts/architecture-rules.ts';
import { ARCHITECTURES } from './core/layouts/architecture-table.ts';
import { checkpointOf, readRealNames } from './core/layouts/checkpoints.fixture.ts';
import { detectLayout } from './core/layouts/detect.ts';
import { type DialectSpec, layoutId } from './core/layouts/dialects.ts';
import { assumptionFor, inDialect, isReadAs, type MadeUp } from './core/layouts/made-up.ts';
import type { Verdict } from './core/loads/types.ts';
import { predictLoads } from './core/programs/loading.ts';

const NAMES = readRealNames();
/** Where several model types are stored so, one that many know. */
const KNOWN = ['qwen3_moe', 'mixtral', 'gpt_oss', 'llama4_text', 'deepseek_v3', 'granitemoe'];

const WORDS: readonly (readonly [Verdict, string])[] = [
  ['loads', 'load it as it is'],
  ['loads-converting', 'load it and rearrange the experts while reading'],
  ['partial', 'start, but their experts are random or dropped'],
  ['wrong-values', 'start, but with wrong values in their experts'],
  ['refuses', 'stop with an error'],
  ['unknown', 'not known'],
];

/** Who loads a small made-up checkpoint of a dialect, as the same engine predicts it that judges real ones; a list in Markdown. */
export function whoLoads(row: DialectSpec): string {
  const made = checkpointFor(row);
  if (!made) return 'Who loads it is not predicted here: no small checkpoint could be made of it.\n';
  const { modelType, usual, checkpoint } = made;
  const verdicts = predictLoads(checkpoint, detectLayout(checkpoint, assumptionFor(row)));
  const lines = WORDS.flatMap(([wanted, words]) => {
    const titles = verdicts.filter(({ verdict }) => verdict === wanted).map(({ title }) => title);
    return titles.length === 0 ? [] : [`- ${words}: ${titles.join(', ')}`];
  });
  const how = usual ? '' : ', which is not stored so on the Hub';
  return `Who loads it, predicted for a made-up checkpoint of \`${modelType}\` with these names${how}:\n\n${lines.join('\n')}\n`;
}

interface Made {
  readonly modelType: string;
  /** Whether the model type is stored so, on the Hub or in memory. */
  readonly usual: boolean;
  readonly checkpoint: MadeUp;
}

function checkpointFor(row: DialectSpec): Made | null {
  const id = layoutId(row);
  const types = (which: 'disk' | 'memory') =>
    ARCHITECTURES.filter(({ disk, memory }) =>
      (which === 'disk' ? disk : memory ? [memory] : []).some((each) => layoutId(each) === id),
    )
      .flatMap(({ modelTypes }) => modelTypes)
      .filter((type) => NAMES[type]);
  const fitting = [...types('disk'), ...types('memory')];
  const modelType = KNOWN.find((type) => fitting.includes(type)) ?? fitting[0];
  const tried = [...(modelType === undefined ? [] : [modelType]), ...fitting, 'qwen3_moe'];
  for (const type of tried) {
    const checkpoint = madeOf(row, type);
    if (checkpoint) return { modelType: type, usual: fitting.includes(type), checkpoint };
  }
  return null;
}

/** The names that transformers wrote for a small model, its experts in the dialect; null where they do not come out as that. */
function madeOf(row: DialectSpec, modelType: string): MadeUp | null {
  const real = NAMES[modelType];
  if (!real) return null;
  const config = withBothKeys(real.config, modelType);
  const disk = checkpointOf(real.disk, config);
  const memory = checkpointOf(real.memory, config);
  return [disk, memory].find((each) => isReadAs(each, row)) ?? inDialect(disk, row);
}

/** The number of experts under the keys of transformers 4 and 5 alike: which one a repo has is no matter of its layout. */
function withBothKeys(config: Readonly<Record<string, unknown>>, modelType: string): Record<string, unknown> {
  const { v4, v5 } = architectureOf(modelType)?.countKeys ?? { v4: '', v5: '' };
  const count = config[v4] ?? config[v5];
  return count === undefined ? { ...config } : { ...config, [v4]: count, [v5]: count };
}
