import { comment } from '../embed/comment.ts';
import type { Emitted } from '../embed/emitted.ts';
import { markdownFront } from '../embed/markdown.ts';
import { yamlText } from '../embed/yaml.ts';
import { isGood } from '../loads/predict.ts';
import type { LoadingProgram, ProgramVerdict } from '../loads/types.ts';
import type { ConversionPlan } from '../plan/types.ts';

/** Front matter of the source's card that says under which licence it is. */
export interface CardLicence {
  readonly license?: string;
  readonly licenseName?: string;
  readonly licenseLink?: string;
}

interface FrontFacts {
  readonly plan: ConversionPlan;
  readonly source: { readonly repo: string | null };
  readonly licence?: CardLicence;
  readonly programs: readonly LoadingProgram[];
  readonly verdicts: readonly ProgramVerdict[];
}

/**
 * The card's YAML head.
 *
 * `base_model_relation` is `quantized`: the Hub knows adapter, merge, quantized and finetune, and takes an unnamed one for
 * a finetune, which would say that the weights were trained on; conversions of format are listed among the quantised.
 * `library_name` is given only when that library loads the result: its snippet on the page would half-load others.
 */
export function frontMatter({ plan, source, licence = {}, ...judged }: FrontFacts): Emitted<'markdown'> {
  const library = libraryOf(plan, judged);
  const what = plan.unpacked ? 'weights were unpacked to bf16' : 'the layout changed, no weight was quantised';
  return markdownFront([
    yamlText(
      {
        ...entry('license', licence.license),
        ...entry('license_name', licence.licenseName),
        ...entry('license_link', licence.licenseLink),
        ...(source.repo === null ? {} : { base_model: [source.repo] }),
      },
      '',
      '',
    ),
    ...(source.repo === null
      ? []
      : [
          comment<'yaml'>(`the closest of the Hub’s four words: ${what}`),
          yamlText({ base_model_relation: 'quantized' }),
        ]),
    yamlText(
      {
        ...(library === null ? {} : { library_name: library }),
        tags: ['moe', 'moe-loom', `experts-${plan.target}`],
      },
      '',
      '',
    ),
  ]);
}

type Judged = Pick<FrontFacts, 'programs' | 'verdicts'>;

function libraryOf({ target, scope }: ConversionPlan, { programs, verdicts }: Judged): string | null {
  if (scope === 'partial') return null;
  const good = new Set(verdicts.filter(isGood).map(({ id }) => id));
  const named = programs.flatMap(({ id, loads: { library } }) => (library ? [{ id, ...library }] : []));
  const own = named.filter((each) => each.target === target);
  const fitting = own.length > 0 ? own : named.filter((each) => each.target === undefined);
  return fitting.find(({ id }) => good.has(id))?.name ?? null;
}

function entry(key: string, value: string | undefined): Readonly<Record<string, string>> {
  return value === undefined || value === '' ? {} : { [key]: value };
}
