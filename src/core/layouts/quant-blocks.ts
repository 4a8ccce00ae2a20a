import { type Config, expertConfig, isConfig } from './config-keys.ts';

/** Numbers of a weight that share one scale or one code; cutting one apart leaves a rank codes without their scale. */
export interface ConfiguredBlocks {
  readonly rows: number;
  readonly columns: number;
  readonly method: string;
}

/** Numbers along the input dim that share a scale, where the method fixes it. Sources: OCP MX (32), NVFP4 (16). */
const FIXED: Readonly<Record<string, number>> = { mxfp4: 32, mxfp8: 32, nvfp4: 16 };

/**
 * The quantisation blocks of routed experts that a config names; null without quantisation, or where scales represent whole
 * rows or tensors.
 *
 * `weight_block_size` is [rows, columns] (FP8 in blocks); `group_size` runs along the input dim (GPTQ, AWQ,
 * compressed-tensors, ModelOpt).
 */
export function quantBlocks(config: Config | null, prefix = ''): ConfiguredBlocks | null {
  if (!config) return null;
  const parts = [config, expertConfig(config, prefix)];
  const found = parts.map((part) => part.quantization_config ?? part.quantization).find(isConfig);
  if (!found) return null;
  const method = String(found.quant_method ?? found.quant_algo ?? found.format ?? 'quantised').toLowerCase();
  const sizes = found.weight_block_size;
  if (Array.isArray(sizes)) {
    const [rows, columns] = sizes.map(positive);
    return rows && columns ? { rows, columns, method } : null;
  }
  const columns = groupOf(found) ?? FIXED[method];
  return columns === undefined ? null : { rows: 1, columns, method };
}

/** `group_size` of a quantisation, or of the first group of compressed-tensors that has one. */
function groupOf(quantisation: Config): number | undefined {
  const own = positive(quantisation.group_size);
  if (own !== undefined) return own;
  const groups = quantisation.config_groups;
  if (!isConfig(groups)) return undefined;
  const weights = Object.values(groups).map((group) => (isConfig(group) ? group.weights : undefined));
  return weights.map((each) => (isConfig(each) ? positive(each.group_size) : undefined)).find((size) => size);
}

function positive(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined;
}
