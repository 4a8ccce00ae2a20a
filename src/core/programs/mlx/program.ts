import { defineProgram } from '../program.ts';

/** mlx-lm. */
export const mlx = defineProgram({
  id: 'mlx',
  title: 'MLX',
});
