import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { vllm } from '../programs/vllm/program.ts';
import { readSettings, settingsOf } from './settings.ts';

describe('readSettings', () => {
  it('takes short names, the program’s own, and facts of the model', () => {
    const read = readSettings(vllm, [
      'tensor_parallel_size=4',
      'pp=2',
      'E=128',
      'weight_block_size_n=128',
      'enable_eplb=true',
      'expert_placement_strategy=round_robin',
      'all2all_backend=nixl_ep',
    ]);
    expect(read).toEqual({
      options: { tp: 4, pp: 2, strategy: 'round-robin', all2all: 'nixl_ep', own: { enable_eplb: true } },
      model: { experts: 128, blockRows: 128 },
    });
  });

  it.each([
    [['tp'], '"tp" must have the form name=value.'],
    [['=4'], '"=4" must have the form name=value.'],
    [['tp=four'], 'tp must be a whole number, not "four".'],
    [['tp=-1'], 'tp must be a whole number, not "-1".'],
    [['tp=1e3'], 'tp must be a whole number, not "1e3".'],
    [['tp=2', 'tensor_parallel_size=2'], 'tensor_parallel_size is set twice.'],
    [['enable_eplb=maybe'], 'enable_eplb must be true or false, not "maybe".'],
    [
      ['expert_placement_strategy=random'],
      'expert_placement_strategy must be one of linear, round_robin, not "random".',
    ],
    [['E=many'], 'E must be a whole number, not "many".'],
  ])('refuses %j', (entries, error) => {
    expect(readSettings(vllm, entries)).toEqual({ error });
  });

  it.each(['constructor', '__proto__', 'toString', 'autoep_size'])('knows no %s', (name) => {
    expect(readSettings(vllm, [`${name}=1`])).toMatchObject({
      error: expect.stringMatching(/^vLLM has no option ".*" here. Known options: world, tp, /),
    });
  });

  it('never throws, and reads back every count', () => {
    const counts = Object.entries(settingsOf(vllm)).filter(([, { kind, of }]) => kind === 'count' && of !== undefined);
    fc.assert(
      fc.property(fc.constantFrom(...counts), fc.nat(9_999_999), fc.string(), ([name, { of }], count, junk) => {
        expect(readSettings(vllm, [`${name}=${count}`])).toMatchObject({ options: { [of ?? '']: count } });
        expect(() => readSettings(vllm, [`${name}=${junk}`, junk])).not.toThrow();
      }),
    );
  });
});
