import { describe, expect, it } from 'vitest';
import { formatSetup, parseSetup } from './setup-address.ts';

describe('parseSetup', () => {
  it.each([
    'fsdp2,gpus:64,ep:64,cp:8,context:32768,offload:optimizer',
    'transformers-4.57',
    'deepspeed,gpus:16,context:4096,batch:2,bytes:16,zero:2,checkpointing:no,loss:chunked,capacity:139',
    'transformers-5,gpus:64,ep:8,dense:sharded',
    'fsdp2,gpus:8,lora:16',
    'fsdp2,gpus:8,lora:8,targets:q_proj+mlp.experts.down_proj+all-linear,mfu:32.5,tflops:989.5',
    'fsdp2,tps:120000',
    'fsdp2,step:12.5',
  ])('reads back %s', (text) => {
    expect(formatSetup(parseSetup(text))).toBe(text);
  });

  it.each(['lora:0', 'lora:x,targets:q_proj', 'targets:q_proj', 'mfu:-1,step:0,tps:1e9,tflops:NaN'])(
    'leaves out %s',
    (text) => {
      expect(parseSetup(`fsdp2,${text}`)).toEqual({ framework: 'fsdp2' });
    },
  );

  it('takes the usual targets where an address names none that can be', () => {
    expect(parseSetup('fsdp2,lora:4,targets:a++b')).toEqual({ framework: 'fsdp2', lora: { rank: 4, targets: null } });
  });

  it('leaves out what makes no sense', () => {
    expect(parseSetup('nobody,gpus:0,ep:-1,cp:1e99,tp,bytes:7,offload:most,zero:9,capacity:x,__proto__:1')).toEqual({
      framework: 'fsdp2',
    });
  });
});
