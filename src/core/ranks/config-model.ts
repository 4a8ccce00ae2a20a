import { type Config, expertConfigPath, isConfig, readKey } from '../layouts/config-keys.ts';
import { detectLayout } from '../layouts/detect.ts';
import { checkpointOfConfig } from './config-checkpoint.ts';
import { factsOf } from './memory/setup.ts';
import { shapeFromConfig } from './memory/shape-config.ts';
import type { RankModel } from './summary.ts';
import { indexTensors } from './tensor-index.ts';
import type { ModelOverrides } from './types.ts';

/**
 * The model for ranks if only a config.json is given. Placement and held bytes follow from the shapes of its architecture;
 * byte ranges are unknown.
 *
 * @throws LoomError `config-invalid` if a required size is missing or invalid.
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { rankModelOfConfig } from 'moe-loom/ranks';
 * const { facts } = rankModelOfConfig(JSON.parse(await readFile('config.json', 'utf8')));
 * console.log(facts.moeLayers.length, facts.moeLayers[0].experts); // → 94 128
 * ```
 */
export function rankModelOfConfig(config: Config, overrides: ModelOverrides = {}): RankModel {
  const own = configWith(config, overrides);
  const shape = shapeFromConfig(own);
  const checkpoint = checkpointOfConfig(own);
  const layout = detectLayout(checkpoint);
  const tensorIndex = indexTensors(checkpoint, layout);
  return { checkpoint, layout, facts: factsOf(shape), tensorIndex, assumed: shape.assumed, withoutFiles: true };
}

const EXPERTS = ['num_experts', 'num_local_experts', 'n_routed_experts', 'moe_num_experts'] as const;

/** A config with some facts replaced, under the keys that it uses. */
export function configWith(config: Config, { experts, expertGroups, intermediate, blockRows }: ModelOverrides): Config {
  const path = expertConfigPath(config);
  const found = path === '' ? config : readKey(config, path);
  const part = isConfig(found) ? found : {};
  const changed: Config = {
    ...part,
    ...(experts === undefined ? {} : { [EXPERTS.find((key) => part[key] !== undefined) ?? EXPERTS[0]]: experts }),
    ...(expertGroups === undefined ? {} : { n_group: expertGroups }),
    ...(intermediate === undefined ? {} : { moe_intermediate_size: intermediate }),
  };
  const whole = path === '' ? changed : put(config, path.split('.'), changed);
  if (blockRows === undefined) return whole;
  return { ...whole, quantization_config: { quant_method: 'fp8', weight_block_size: [blockRows, blockRows] } };
}

function put(config: Config, [first = '', ...rest]: readonly string[], value: Config): Config {
  const inner = config[first];
  return { ...config, [first]: rest.length === 0 ? value : put(isConfig(inner) ? inner : {}, rest, value) };
}
