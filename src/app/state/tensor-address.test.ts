import { describe, expect, it } from 'vitest';
import { ALL_TENSORS, parseTensors, type TensorAddress, writeTensors } from './tensor-address.ts';

const written = (tensors: TensorAddress) => {
  const query = new URLSearchParams();
  writeTensors(query, tensors);
  return query.toString();
};

describe('the Tensors view in the address', () => {
  it('is empty at the start', () => {
    expect(written(ALL_TENSORS)).toBe('');
    expect(parseTensors(new URLSearchParams())).toEqual(ALL_TENSORS);
  });

  it('comes back as it was written', () => {
    const tensors: TensorAddress = {
      text: 'lm head',
      mode: 'fuzzy',
      sort: 'role',
      descending: true,
      listing: 'tree',
      roles: ['router', 'gate-up'],
      dtypes: ['BF16', 'F8_E4M3'],
      layers: [0, 1, 2, 7],
      experts: [5],
      shards: ['model-00001-of-00002.safetensors'],
      chosen: 'lm_head.weight',
    };
    expect(parseTensors(new URLSearchParams(written(tensors)))).toEqual(tensors);
  });

  it('leaves out what this app does not write', () => {
    const query = new URLSearchParams('role=Router&role=a b&role=router&role=router&dtype=bf16&sort=-weight&as=list');
    expect(parseTensors(query)).toEqual({ ...ALL_TENSORS, roles: ['router'] });
  });
});
