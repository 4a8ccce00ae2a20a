import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bf16FromF32, f16FromF32 } from '../kernels/float.ts';
import { createGraph } from './graph.ts';
import { writeModel } from './onnx.ts';
import { createProtoWriter } from './protobuf.ts';
import { openRuntime } from './runtime.ts';

const runtime = await openRuntime();
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('the wire format', () => {
  it('is as the encoding guide of protocol buffers shows it', () => {
    expect(hex(createProtoWriter().int(1, 150).finish())).toBe('089601');
    expect(hex(createProtoWriter().text(2, 'testing').finish())).toBe('120774657374696e67');
    expect(
      hex(
        createProtoWriter()
          .message(3, (inner) => inner.int(1, 150))
          .finish(),
      ),
    ).toBe('1a03089601');
    expect(hex(createProtoWriter().packedInts(6, [3, 270, 86942]).finish())).toBe('3206038e029ea705');
    expect(hex(createProtoWriter().int(1, -2).finish())).toBe('08feffffffffffffffff01');
    expect(hex(createProtoWriter().float(2, 1).finish())).toBe('150000803f');
  });

  it('brings every whole number back', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        const bytes = createProtoWriter().int(1, value).finish().subarray(1);
        const read = bytes.reduce((sum, byte, at) => sum | (BigInt(byte & 0x7f) << BigInt(7 * at)), 0n);
        expect(BigInt.asIntN(64, read)).toBe(value);
        expect(bytes.at(-1)).toBeLessThan(128);
      }),
    );
  });
});

describe('a model', () => {
  it('runs with weights beside it, 16-bit ones cast inside', async () => {
    const numbers = [1, -2, 0.5, 3, 0, 4.25];
    const bits = new Uint32Array(Float32Array.from(numbers).buffer);
    const forms = {
      f32: new Uint8Array(bits.buffer),
      bf16: new Uint8Array(Uint16Array.from(bits, (word) => bf16FromF32(word)).buffer),
      f16: new Uint8Array(Uint16Array.from(bits, (word) => f16FromF32(word)).buffer),
    } as const;
    for (const element of ['f32', 'bf16', 'f16'] as const) {
      const graph = createGraph('linear');
      const x = graph.input('x', 'f32', ['tokens', 3]);
      const weight = graph.weight('weight', { element, dims: [2, 3], bytes: forms[element] });
      graph.output('y', graph.op('Gemm', [x, weight], { transB: 1 }), 'f32', ['tokens', 2]);
      const results = await runtime.run(
        graph.finish(),
        { x: { dims: [1, 3], data: Float32Array.of(1, 2, 3) } },
        undefined,
      );
      expect([...(results.get('y')?.data ?? [])]).toEqual([-1.5, 15.75]);
    }
  });

  it('keeps weights out of its own bytes', () => {
    const graph = createGraph('large');
    graph.weight('weight', { element: 'bf16', dims: [1024, 1024], bytes: new Uint8Array(2 * 1024 * 1024) });
    expect(writeModel(graph.finish()).byteLength).toBeLessThan(300);
  });

  it('that the runtime does not take is a tagged error', async () => {
    const graph = createGraph('nonsense');
    graph.output('y', graph.op('NoSuchOp', [graph.input('x', 'f32', [1])]), 'f32', [1]);
    await expect(runtime.run(graph.finish(), {}, undefined)).rejects.toMatchObject({ tag: 'runtime-failed' });
  });
});
