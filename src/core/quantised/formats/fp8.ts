import type { CheckpointTensor } from '../../checkpoint/types.ts';
import { elementsOf, fp8Of } from '../../safetensors/dtype.ts';
import { isScale } from '../numbers.ts';
import { blockOf } from '../scale-blocks.ts';
import type { ModuleView, PackedForm, QuantFormat } from '../types.ts';
import { gridOf } from './shapes.ts';

const PARTS = {
  codes: ['weight'],
  scale: ['weight_scale_inv', 'weight_scale', 'scale'],
  input: ['input_scale', 'activation_scale'],
} as const;

type Kind = 'block' | 'row' | 'tensor' | 'mx';

/** One MXFP8 scale serves so many numbers (OCP MX 1.0). */
const MX_GROUP = 32;

function scaleOf(view: ModuleView): CheckpointTensor | undefined {
  return PARTS.scale.map((name) => view.part(name)).find((part) => part !== undefined);
}

function read(view: ModuleView): { readonly kind: Kind; readonly form: PackedForm } | null {
  const codes = view.part('weight');
  const scale = scaleOf(view);
  if (!codes || !scale || fp8Of(codes.dtype) === null || !isScale(scale.dtype)) return null;
  const { shape } = codes;
  const [rows = 1, columns = 1] = shape.length === 1 ? [1, shape[0]] : shape.slice(-2);
  const matrices = elementsOf(shape.slice(0, -2));
  const grid = shape.length > 0 && !codes.exactShape ? gridOf(scale, matrices, rows) : null;
  if (!grid) return null;
  const [down, across] = grid;
  const asked = view.config.block ?? [];
  const block = [blockOf(rows, down, asked[0]), blockOf(columns, across, asked[1])] as const;
  if (block[0] === null || block[1] === null) return null;
  const isMx = scale.dtype === 'U8' && block[0] === 1 && across * MX_GROUP === columns;
  const kind = isMx ? 'mx' : down === 1 && across === 1 ? 'tensor' : across === 1 && down === rows ? 'row' : 'block';
  const form = { bits: 8, matrices, rows, columns, numbers: rows * columns, block: [block[0], block[1]] as const };
  return { kind, form };
}

function row(kind: Kind, id: string, name: string, by: string): QuantFormat {
  const form = (view: ModuleView) => {
    const found = read(view);
    return found?.kind === kind ? found.form : null;
  };
  return { id, name, by, parts: PARTS, needs: ['scale'], form };
}

export const FP8_FORMATS: readonly QuantFormat[] = [
  row('mx', 'mxfp8', 'MXFP8', 'ModelOpt'),
  row('tensor', 'fp8-tensor', 'FP8 with a scale a matrix', 'ModelOpt, compressed-tensors'),
  row('row', 'fp8-row', 'FP8 with a scale a row', 'compressed-tensors, ModelOpt'),
  row('block', 'fp8-block', 'FP8 with a scale a block', 'DeepSeek, Qwen, transformers'),
];
