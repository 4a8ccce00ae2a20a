import { elementsOf, fp8Of } from '../../safetensors/dtype.ts';
import type { QuantFormat } from '../types.ts';
import { matricesOf } from './shapes.ts';

/** Numbers of bitsandbytes that share a scale. */
export const BNB_BLOCK = 64;

export const OTHER_FORMATS: readonly QuantFormat[] = [
  {
    id: 'exl3',
    name: 'EXL3',
    by: 'exllamav3',
    parts: { codes: ['trellis'], transform: ['suh', 'su'] },
    needs: ['transform'],
    form: (view) => {
      const codes = view.part('trellis');
      if (codes?.shape.length !== 3) return null;
      const [inputs = 0, outputs = 0, words = 0] = codes.shape;
      const [rows, columns] = [16 * outputs, 16 * inputs];
      return { bits: words / 16, matrices: 1, rows, columns, numbers: rows * columns, block: null };
    },
  },
  {
    id: 'hqq',
    name: 'HQQ',
    by: 'HQQ',
    parts: { codes: ['W_q'], scale: ['scale'], zero: ['zero'] },
    needs: ['scale', 'zero'],
    form: (view) => {
      const [codes, scale] = [view.part('W_q'), view.part('scale')];
      const sizes = codes && matricesOf(codes);
      if (!sizes || codes.dtype !== 'U8' || !scale) return null;
      const [, packed, group] = sizes;
      const groups = elementsOf(scale.shape);
      const bits = groups === packed ? 8 : groups === 2 * packed ? 4 : null;
      if (bits === null) return 'unclear';
      return { bits, matrices: 1, rows: null, columns: null, numbers: groups * group, block: [1, group] };
    },
  },
  {
    id: 'bnb-4bit',
    name: 'bitsandbytes 4-bit',
    by: 'bitsandbytes',
    parts: {
      codes: ['weight'],
      scale: ['weight.absmax'],
      map: ['weight.quant_map'],
      state: ['weight.quant_state'],
      'nested-scale': ['weight.nested_absmax'],
      'nested-map': ['weight.nested_quant_map'],
    },
    needs: ['scale', 'map', 'state'],
    form: (view) => {
      const [codes, scale] = [view.part('weight'), view.part('weight.absmax')];
      if (codes?.dtype !== 'U8' || (!scale && !view.part('weight.quant_state'))) return null;
      const numbers = 2 * elementsOf(codes.shape);
      return { bits: 4, matrices: 1, rows: null, columns: null, numbers, block: [1, BNB_BLOCK] };
    },
  },
  {
    id: 'bnb-8bit',
    name: 'bitsandbytes 8-bit',
    by: 'bitsandbytes',
    parts: { codes: ['weight'], scale: ['SCB'] },
    needs: ['scale'],
    form: (view) => {
      const [codes, scale] = [view.part('weight'), view.part('SCB')];
      const sizes = codes && matricesOf(codes);
      if (!sizes || codes.dtype !== 'I8' || !scale || elementsOf(scale.shape) !== sizes[1]) return null;
      const [matrices, rows, columns] = sizes;
      return { bits: 8, matrices, rows, columns, numbers: rows * columns, block: [1, columns] };
    },
  },
  {
    id: 'torchao',
    name: 'torchao',
    by: 'torchao',
    parts: { codes: ['_weight_qdata'], scale: ['_weight_scale'], zero: ['_weight_zero_point'] },
    needs: ['scale'],
    form: (view) => {
      const codes = view.part('_weight_qdata');
      if (!codes) return null;
      const sizes = matricesOf(codes);
      // Codes below a byte are packed in ways that only the JSON beside them tells.
      if (!sizes || (codes.dtype !== 'I8' && fp8Of(codes.dtype) === null)) return 'unclear';
      const [matrices, rows, columns] = sizes;
      return { bits: 8, matrices, rows, columns, numbers: rows * columns, block: null };
    },
  },
];
