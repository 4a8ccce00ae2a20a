import { defineProgram } from '../program.ts';
import { mlxLoads } from './loads.ts';

/** mlx-lm. */
export const mlx = defineProgram({
  id: 'mlx',
  title: 'MLX',
  use: 'widely',
  loads: mlxLoads,
});
