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
export function frontMatter({ plan, source, licence = {}, ...judged }: FrontFacts): string {
  const library = libraryOf(plan, judged);
  const lines = [
    ...entry('license', licence.license),
    ...entry('license_name', licence.licenseName),
    ...entry('license_link', licence.licenseLink),
    ...(source.repo === null
      ? []
      : [
          'base_model:',
          `- ${scalar(source.repo)}`,
          `# the closest of the Hub’s four words: ${plan.unpacked ? 'weights were unpacked to bf16' : 'the layout changed, no weight was quantised'}`,
          'base_model_relation: quantized',
        ]),
    ...(library === null ? [] : [`library_name: ${library}`]),
    'tags:',
    ...['moe', 'moe-loom', `experts-${plan.target}`].map((tag) => `- ${tag}`),
  ];
  return ['---', ...lines, '---'].join('\n');
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

function entry(key: string, value: string | undefined): string[] {
  return value === undefined || value === '' ? [] : [`${key}: ${scalar(value)}`];
}

/** A YAML scalar: plain when nothing in it could be read otherwise, else in JSON's quotes, which YAML takes. */
function scalar(value: string): string {
  return /^[A-Za-z][\w./-]*$/.test(value) && !/^(true|false|null|yes|no|on|off)$/i.test(value)
    ? value
    : JSON.stringify(value);
}
