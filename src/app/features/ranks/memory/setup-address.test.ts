import { describe, expect, it } from 'vitest';
import { formatSetup, parseSetup } from './setup-address.ts';

describe('parseSetup', () => {
  it.each([
    'fsdp2,gpus:64,ep:64,cp:8,context:32768,offload:optimizer',
    'transformers-4.57',
    'deepspeed,gpus:16,context:4096,batch:2,bytes:16,zero:2,checkpointing:no,loss:chunked,capacity:139',
    'transformers-5,gpus:64,ep:8,dense:sharded',
  ])('reads back %s', (text) => {
    expect(formatSetup(parseSetup(text))).toBe(text);
  });

  it('leaves out what makes no sense', () => {
    expect(parseSetup('nobody,gpus:0,ep:-1,cp:1e99,tp,bytes:7,offload:most,zero:9,capacity:x,__proto__:1')).toEqual({
      framework: 'fsdp2',
    });
  });
});
