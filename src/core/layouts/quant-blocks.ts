import { type QuantConfig, quantConfig } from '../quantised/config.ts';
import { type Config, expertConfig } from './config-keys.ts';

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
 * rows or tensors. Groups run along the input dim.
 */
export function quantBlocks(config: Config | null, prefix = ''): ConfiguredBlocks | null {
  if (!config) return null;
  const parts = [config, expertConfig(config, prefix)];
  const said = parts.map(quantConfig).find((each) => Object.values(each).some((value) => value !== null));
  return said ? blocksOf(said) : null;
}

function blocksOf({ method, format, block, group }: QuantConfig): ConfiguredBlocks | null {
  const name = method ?? format ?? 'quantised';
  if (block) return { rows: block[0], columns: block[1], method: name };
  const columns = typeof group === 'number' ? group : FIXED[name];
  return columns === undefined ? null : { rows: 1, columns, method: name };
}
