import type { Checkpoint } from '../../checkpoint/types.ts';
import { type QuantConfig, quantisationOf } from '../../quantised/config.ts';
import { byName, byPatternOrEnd, createIgnoreTest, ignoreEntries } from '../../quantised/ignored.ts';
import { quantisedModules } from '../../quantised/modules.ts';
import { isCodesName, type PartName } from '../../quantised/names.ts';
import { formatInteger, plural } from '../../units.ts';
import type { DefectTag } from '../defects.ts';
import type { Defect, LayerGroup } from '../types.ts';
import { type ExpertModule, expertModules } from './experts.ts';

/** Every defect of quantised experts; those that a program may not mind are notes. */
export const QUANT_TAGS = [
  'expert-scale-missing',
  'input-scale-missing-some',
  'input-scale-missing-all',
  'bf16-not-ignored',
  'quantised-but-ignored',
  'scheme-mixed-in-experts',
  'config-format-mismatch',
  'packed-stack-unread',
  'e8m0-as-linear',
  'format-unread',
] as const satisfies readonly DefectTag[];

export type QuantTag = (typeof QUANT_TAGS)[number];

/** True for a defect that keeps quantised experts from being read as they were made. */
export function isQuantHarm(tag: DefectTag): tag is QuantTag {
  return (QUANT_TAGS as readonly DefectTag[]).includes(tag);
}

interface Known {
  readonly experts: readonly ExpertModule[];
  readonly config: QuantConfig;
  readonly entries: ReturnType<typeof ignoreEntries>;
}

type Check = (known: Known) => Defect[];

/**
 * What is wrong with how a checkpoint's routed experts are quantised, as far as names, dtypes, shapes and the config say
 * it: what is missing, what does not agree, what no program reads. Pure; nothing is read.
 *
 * Sources of each rule: docs/quantised.md.
 */
export function quantDefects(
  { tensors, config }: Pick<Checkpoint, 'tensors' | 'config'>,
  groups: readonly LayerGroup[],
): Defect[] {
  const found = quantisedModules({ tensors, config });
  if (found.modules.size + found.unread.size === 0 && quantisationOf(config) === null) return [];
  const experts = expertModules(tensors, found, groups);
  const known: Known = { experts, config: found.config, entries: ignoreEntries(config) };
  return CHECKS.flatMap((check) => check(known));
}

/** The first of some tensors or modules, and how many more there are. */
function named(names: readonly string[], what = 'tensor'): string {
  const [first = '', ...rest] = names;
  return rest.length === 0 ? first : `${first} and ${plural(rest.length, `more ${what}`)}`;
}

const isAre = (names: readonly unknown[]) => (names.length === 1 ? 'is' : 'are');

/** Parts of activations: their absence is another finding. */
const INPUT: ReadonlySet<PartName> = new Set(['input_scale', 'input_global_scale', 'activation_scale']);
/** Parts that a format has for some matrices. */
const OPTIONAL: ReadonlySet<PartName> = new Set([
  ...(['g_idx', 'weight_g_idx', 'weight_format', 'pre_quant_scale', 'global_scale'] as const),
  ...(['weight.nested_absmax', 'weight.nested_quant_map'] as const),
]);

const coded = (experts: readonly ExpertModule[]) => experts.filter(({ how }) => how !== 'plain');

/** How a module is stored, for comparing it with others: what its codes are called, and their dtype. */
function kindOf({ parts }: ExpertModule): string {
  const [codes, tensor] = [...parts].find(([part]) => isCodesName(part)) ?? [];
  return `${codes} ${tensor?.dtype}`;
}

/** Companions that most of the modules of one kind have, by kind. */
function usualParts(experts: readonly ExpertModule[]): ReadonlyMap<string, ReadonlySet<PartName>> {
  const counts = new Map<string, { all: number; readonly parts: Map<PartName, number> }>();
  for (const expert of experts) {
    const kind = kindOf(expert);
    const known = counts.get(kind) ?? { all: 0, parts: new Map<PartName, number>() };
    counts.set(kind, known);
    known.all += 1;
    for (const part of expert.parts.keys()) known.parts.set(part, (known.parts.get(part) ?? 0) + 1);
  }
  return new Map(
    Array.from(counts, ([kind, { all, parts }]) => [
      kind,
      new Set([...parts].flatMap(([part, count]) => (2 * count > all && !isCodesName(part) ? [part] : []))),
    ]),
  );
}

/** The name that a part of a module has, or would have. */
function partName({ name, parts }: ExpertModule, part: PartName): string {
  const codes = [...parts.values()][0]?.name ?? '';
  const style = codes === name || codes.startsWith(`${name}_`) ? '_' : '.';
  return `${name}${style}${part}`;
}

const missingScales: Check = ({ experts }) => {
  const all = coded(experts);
  const usual = usualParts(all);
  const missing = all.flatMap((expert) => {
    const lacks = [...(usual.get(kindOf(expert)) ?? [])].filter(
      (part) => !expert.parts.has(part) && !INPUT.has(part) && !OPTIONAL.has(part),
    );
    const needed = (expert.module?.lacks ?? []).flatMap((role) => expert.module?.format.parts[role]?.[0] ?? []);
    return [...new Set([...lacks, ...needed])].map((part) => partName(expert, part));
  });
  const [tensor] = missing;
  if (tensor === undefined) return [];
  const message = `${named(missing)} ${isAre(missing)} missing. Without it the numbers of the matrix cannot be known; vLLM and SGLang say nothing and use what their memory happens to hold. Get the files again, or quantise the model again.`;
  return [{ tag: 'expert-scale-missing', message, tensor }];
};

const missingInputScales: Check = ({ experts, config }) => {
  const all = experts.filter(({ module }) => module?.format.parts.input !== undefined);
  const without = all.filter(({ parts }) => ![...INPUT].some((part) => parts.has(part)));
  const [first] = without;
  const part = first?.module?.format.parts.input?.[0];
  if (!first || part === undefined) return [];
  const name = partName(first, part);
  if (without.length < all.length) {
    const message = `${named(without.map((each) => partName(each, part)))} ${isAre(without)} missing, while ${plural(all.length - without.length, 'other matrix', 'other matrices')} have theirs: calibration never reached these experts. In vLLM, tokens that are routed there become NaN; SGLang takes what its memory happens to hold. Calibrate again with more text, or set the scale by hand.`;
    return [{ tag: 'input-scale-missing-some', message, tensor: name }];
  }
  if (config.activations !== 'static') return [];
  const message = `No expert has an input scale (${name} and ${formatInteger(without.length - 1)} more), and the config says that activations are quantised. vLLM multiplies the outputs of these experts by 0, or takes the weights as quantised alone. Declare a format without quantised activations (W4A16), or calibrate again.`;
  return [{ tag: 'input-scale-missing-all', message, tensor: name }];
};

const notIgnored: Check = ({ experts, entries }) => {
  if (coded(experts).length === 0) return [];
  const ignored = createIgnoreTest(entries, byName);
  const plain = experts.filter(({ how, name }) => how === 'plain' && ignored(name) === null);
  const whole = plain.filter(({ group }) => experts.every((each) => each.group !== group || each.how === 'plain'));
  const [first] = whole;
  if (!first) return [];
  const dtype = [...first.parts.values()][0]?.dtype ?? '';
  const layers = [...new Set(whole.map(({ group }) => group.prefix))];
  const message = `The experts of ${named(layers, 'layer')} are ${dtype} and have no scales (${partName(first, 'weight')} and others), and the config lists them nowhere as not quantised. vLLM casts them to the quantised dtype with scales of 1. Add the layer to the config's list of modules that are not quantised.`;
  return [{ tag: 'bf16-not-ignored', message, tensor: [...first.parts.values()][0]?.name ?? first.name }];
};

const quantisedButIgnored: Check = ({ experts, entries }) => {
  const ignored = createIgnoreTest(entries, byName);
  const taken = experts.flatMap((expert) => {
    const by = expert.how === 'plain' ? null : ignored(expert.name);
    return by ? [{ name: expert.name, by }] : [];
  });
  const [first] = taken;
  if (!first) return [];
  const message = `config.json says with "${first.by.entry}" (${first.by.key}) that ${named(
    taken.map(({ name }) => name),
    'module',
  )} ${isAre(taken.map(({ name }) => name))} not quantised, yet they hold codes with scales. Programs fail, or read the codes as numbers without their scales. Remove the entry.`;
  return [{ tag: 'quantised-but-ignored', message, tensor: first.name }];
};

const ignoreTooWide: Check = ({ experts, entries }) => {
  const strict = createIgnoreTest(entries, byName);
  // Patterns are the same by both rules.
  const plain = entries.filter(({ entry }) => !entry.startsWith('re:') && !entry.includes('*'));
  const wide = createIgnoreTest(plain, byPatternOrEnd);
  const taken = experts.flatMap((expert) => {
    const by = expert.how === 'plain' || strict(expert.name) ? null : wide(expert.name);
    return by ? [{ name: expert.name, by }] : [];
  });
  const [first] = taken;
  if (!first) return [];
  const message = `"${first.by.entry}" (${first.by.key}) is meant for one module, but transformers compares it as a pattern that is open at the end, so it also takes ${named(
    taken.map(({ name }) => name),
    'module',
  )}, which are quantised. Write the entry with a dot at its end, or as a pattern.`;
  return [{ tag: 'ignore-too-wide', message, tensor: first.name }];
};

/** What must be the same for all experts of a layer. */
function schemeOf({ module, parts, how }: ExpertModule): string {
  if (how === 'plain') return 'not quantised';
  if (!module) return `${[...parts.values()][0]?.dtype} in no known format`;
  const { form, format } = module;
  const block = form?.block ? `, blocks of ${form.block.join(' × ')}` : '';
  return `${format.name}${form ? ` of ${form.bits} bits${block}` : ''}`;
}

const mixedInExperts: Check = ({ experts }) => {
  const seen = new Map<string, Map<string, ExpertModule[]>>();
  for (const expert of experts.filter(({ stacked, parts }) => !stacked && [...parts.keys()].some(isCodesName))) {
    const key = `${expert.group.prefix}${expert.template}`;
    const schemes = seen.get(key) ?? new Map<string, ExpertModule[]>();
    seen.set(key, schemes);
    const scheme = schemeOf(expert);
    schemes.set(scheme, [...(schemes.get(scheme) ?? []), expert]);
  }
  const odd = [...seen.values()].flatMap((schemes) => {
    const [[usual, most] = ['', []], ...others] = [...schemes].sort(([, a], [, b]) => b.length - a.length);
    // A matrix without its scale is in no known format: that is another finding.
    return others
      .filter(
        ([, modules]) => modules.every(({ how }) => how !== 'unread') && most.every(({ how }) => how !== 'unread'),
      )
      .flatMap(([scheme, modules]) => modules.map((module) => ({ module, scheme, usual })));
  });
  const [first] = odd;
  if (!first) return [];
  const names = odd.map(({ module }) => module.name);
  const message = `${named(names, 'module')} ${isAre(names)} ${first.scheme}; the other experts of the layer are ${first.usual}. Programs take one scheme for all experts of a layer, vLLM that of expert 0. Quantise these experts like the others.`;
  return [{ tag: 'scheme-mixed-in-experts', message, tensor: first.module.name }];
};

/** Formats that each method of a config writes. A method that is not here, or no method, is not compared. */
const METHODS: Readonly<Record<string, RegExp>> = {
  modelopt: /^(?:nvfp4-modelopt|fp8|mxfp8|int4-modelopt|mxfp4-quark)/,
  'compressed-tensors': /^(?:.*-compressed-tensors|int-packed|int8-rows|fp8-)/,
  fp8: /^(?:fp8-|mxfp8|mxfp4-deepseek)/,
  mxfp4: /^mxfp4-/,
  gptq: /^gptq$/,
  awq: /^awq/,
  bitsandbytes: /^bnb-/,
  hqq: /^hqq$/,
  exl3: /^exl3$/,
};

const configMismatch: Check = ({ experts, config: { method } }) => {
  const allowed = Object.hasOwn(METHODS, method ?? '') ? METHODS[method ?? ''] : undefined;
  const other = experts.find(({ module }) => module && allowed && !allowed.test(module.format.id));
  if (!other?.module) return [];
  const { format } = other.module;
  const message = `config.json says that experts are quantised by ${method}, but ${other.name} and others are ${format.name} as ${format.by} writes it. Programs look for other names and find none. Write the config that belongs to the tensors.`;
  return [{ tag: 'config-format-mismatch', message, tensor: other.name }];
};

const packedStack: Check = ({ experts }) => {
  const stacks = experts.filter(
    ({ stacked, parts }) => stacked && parts.get('weight_packed')?.name.endsWith('_packed'),
  );
  const [first] = stacks;
  if (!first) return [];
  const names = stacks.flatMap(({ parts }) => parts.get('weight_packed')?.name ?? []);
  const message = `${named(names)} ${isAre(names)} one packed tensor for all experts, a form that llm-compressor 0.12.0 wrote. No program reads these names: experts keep the values that they were made with. Write each expert by itself.`;
  return [{ tag: 'packed-stack-unread', message, tensor: names[0] ?? first.name }];
};

/** Numbers that a scale of an MX format serves, and bytes that hold their codes. */
const MX_BYTES = 16;

const linearScales: Check = ({ experts }) => {
  const taken = experts.flatMap(({ how, parts }) => {
    const [codes, scale] = [parts.get('weight_packed') ?? parts.get('weight'), parts.get('weight_scale')];
    if (how !== 'unread' || codes?.dtype !== 'U8' || !scale || parts.has('weight_global_scale')) return [];
    const isFloat = scale.dtype === 'F32' || scale.dtype === 'BF16' || scale.dtype === 'F16';
    return isFloat && codes.shape.at(-1) === MX_BYTES * (scale.shape.at(-1) ?? 0) ? [scale] : [];
  });
  const [first] = taken;
  if (!first) return [];
  const names = taken.map(({ name }) => name);
  const message = `${named(names)} ${isAre(names)} stored as ${first.dtype} numbers. Scales of MXFP4 are exponents of one byte; programs that copy these into bytes get 0 for every scale below 1. Store the exponents as U8.`;
  return [{ tag: 'e8m0-as-linear', message, tensor: first.name }];
};

const NUMBER_LAST = /\.experts\.[a-z_]\w*\.\d+$/;

const formatUnread: Check = ({ experts }) => {
  const numbered = coded(experts).filter(({ name }) => NUMBER_LAST.test(name));
  const [last] = numbered;
  const found: Defect[] = [];
  if (last) {
    const names = numbered.map(({ name }) => name);
    found.push({
      tag: 'format-unread',
      message: `${named(names, 'module')} ${isAre(names)} named with the expert's number last, as some versions of AutoRound write. vLLM does not find quantised experts under these names. Rename them: the number before the projection.`,
      tensor: [...last.parts.values()][0]?.name ?? last.name,
    });
  }
  const svd = experts.find(({ parts }) => parts.has('svdquant_lora_a') || parts.has('svdquant_lora_b'));
  if (svd)
    found.push({
      tag: 'format-unread',
      message: `${svd.name} and others have a low-rank part beside their codes (SVDQuant). Read without it, the numbers are wrong, and no program that serves experts reads it.`,
      tensor: svd.name,
    });
  return found;
};

const CHECKS: readonly Check[] = [
  missingScales,
  missingInputScales,
  notIgnored,
  quantisedButIgnored,
  ignoreTooWide,
  mixedInExperts,
  configMismatch,
  packedStack,
  linearScales,
  formatUnread,
];
