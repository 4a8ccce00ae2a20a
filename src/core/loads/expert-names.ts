import { type LayerHints, type LoadInput, sparseLayers, stackOf } from './sparse-layers.ts';

/** Names of a checkpoint's tensors that hold routed experts, those of multi-token prediction included. */
export function expertNames({ layout }: LoadInput): ReadonlySet<string> {
  const names = new Set<string>();
  for (const group of layout.groups) for (const name of group.expertTensors) names.add(name);
  return names;
}

/** Names of a checkpoint's expert tensors in layers that the model has: what is dropped of these is lost. */
export function routedNames(input: LoadInput, hints: LayerHints = {}): ReadonlySet<string> {
  const built = new Set(sparseLayers(input, hints).map(({ stack, index }) => `${stack} ${index}`));
  const groups = input.layout.groups.filter(
    (group) => group.kind === 'moe' && built.has(`${stackOf(group)} ${group.index}`),
  );
  return new Set(groups.flatMap((group) => group.expertTensors));
}

/** Names of tensors that belong to experts, but hold no weights or biases: scales, packed blocks, zero points. */
export function hasCompanions({ layout }: LoadInput): boolean {
  return layout.groups.some((group) => group.members.some(({ part }) => part !== 'weight' && part !== 'bias'));
}

/** `fp8`, `mxfp4`, `gptq` … as config.json says; null when the checkpoint is not quantised. */
export function quantMethod({ checkpoint }: LoadInput): string | null {
  const { config } = checkpoint;
  for (const part of [config, config?.text_config, config?.llm_config, config?.language_config]) {
    if (!isRecord(part) || !isRecord(part.quantization_config)) continue;
    const method = part.quantization_config.quant_method;
    return typeof method === 'string' ? method : 'unnamed';
  }
  return null;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The class that config.json asks for; null when it names none. */
export function modelClass({ checkpoint }: LoadInput): string | null {
  const classes = checkpoint.config?.architectures;
  const first: unknown = Array.isArray(classes) ? classes[0] : null;
  return typeof first === 'string' ? first : null;
}
