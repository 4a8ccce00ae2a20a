import type { QuantConfig } from '../config.ts';
import type { ModuleView, PackedForm, QuantFormat } from '../types.ts';
import { groupSize, matricesOf } from './shapes.ts';

const PARTS = { codes: ['qweight'], zero: ['qzeros'], scale: ['scales'] } as const;

function isAwq({ method, format }: QuantConfig): boolean {
  return method === 'awq' || format === 'auto_round:auto_awq' || format === 'auto_awq';
}

/** [inputs × bits / 32, outputs] beside scales [groups, outputs]. */
function gptqForm(view: ModuleView): PackedForm | null {
  const [codes, scale, order] = [view.part('qweight'), view.part('scales'), view.part('g_idx')];
  if (codes?.dtype !== 'I32' || !scale || isAwq(view.config)) return null;
  const [sizes, grid] = [matricesOf(codes), matricesOf(scale)];
  if (!sizes || !grid || grid[0] !== sizes[0] || grid[2] !== sizes[2]) return null;
  const [matrices, words, rows] = sizes;
  const groups = grid[1];
  const { bits: said, group } = view.config;
  const inputs = order?.shape.at(-1) ?? (typeof group === 'number' && groups > 1 ? groups * group : null);
  const bits = inputs ? (32 * words) / inputs : said;
  if (bits === null || !Number.isInteger(bits) || bits < 1 || bits > 8) return null;
  const columns = inputs ?? Math.floor((32 * words) / bits);
  const across = groupSize(columns, groups);
  const block = order || across === null ? null : ([1, across] as const);
  return { bits, matrices, rows, columns, numbers: rows * columns, block };
}

/** [inputs, outputs / 8] beside scales [groups, outputs]. */
function awqForm(view: ModuleView): PackedForm | null {
  const [codes, scale] = [view.part('qweight'), view.part('scales')];
  if (codes?.dtype !== 'I32' || !scale) return null;
  const [sizes, grid] = [matricesOf(codes), matricesOf(scale)];
  if (!sizes || !grid || grid[0] !== sizes[0] || grid[2] !== 8 * sizes[2]) return null;
  const [matrices, columns, words] = sizes;
  const across = groupSize(columns, grid[1]);
  const rows = 8 * words;
  return across === null
    ? null
    : { bits: 4, matrices, rows, columns, numbers: rows * columns, block: [1, across] as const };
}

export const GPTQ_FORMATS: readonly QuantFormat[] = [
  {
    id: 'gptq',
    name: 'GPTQ',
    by: 'GPTQModel, AutoRound',
    parts: { ...PARTS, order: ['g_idx'] },
    needs: ['zero', 'scale'],
    form: gptqForm,
  },
  {
    id: 'awq',
    name: 'AWQ',
    by: 'AutoAWQ, AutoRound',
    parts: PARTS,
    needs: ['zero', 'scale'],
    form: awqForm,
  },
  {
    id: 'awq-other',
    name: 'AWQ in another order',
    by: 'AutoAWQ (gemv, gemv_fast)',
    parts: PARTS,
    needs: ['zero', 'scale'],
    form: (view) => (view.part('qweight') && isAwq(view.config) ? 'unclear' : null),
  },
];
