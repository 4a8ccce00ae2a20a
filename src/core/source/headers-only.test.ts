import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../checkpoint/open.ts';
import { layoutHeader } from '../safetensors/write-header.ts';
import { headersOnlyFiles } from './headers-only.ts';
import { restoreOffsets, shortenOffsets } from './short-offsets.ts';

const tensor = { name: 'model.embed.weight', dtype: 'BF16', shape: [1000, 1000] } as const;

function sample() {
  const header = layoutHeader([tensor], null).bytes;
  const files = [{ name: 'model.safetensors', byteLength: header.length + 2_000_000, held: header.length }];
  return { header, files: headersOnlyFiles({ identity: 'tiny', files }, header) };
}

describe('headersOnlyFiles', () => {
  it('opens as a checkpoint with true sizes', async () => {
    const { header, files } = sample();
    const checkpoint = await openCheckpoint(files);
    expect(checkpoint.shards[0]?.byteLength).toBe(header.length + 2_000_000);
    expect(checkpoint.tensors.get(tensor.name)?.shape).toEqual([1000, 1000]);
  });

  it('refuses tensor bytes with a sentence', async () => {
    const { header, files } = sample();
    const source = await files.open('model.safetensors');
    await expect(source.read({ start: header.length, end: header.length + 10 })).rejects.toMatchObject({
      tag: 'not-convertible',
      retryable: false,
      message: expect.stringContaining('has only its headers'),
    });
  });

  it('lets a reader look past the header, into zeros', async () => {
    const { header, files } = sample();
    const source = await files.open('model.safetensors');
    const bytes = await source.read({ start: header.length - 2, end: header.length + 2 });
    expect([...bytes]).toEqual([header.at(-2), header.at(-1), 0, 0]);
  });

  it('says which file is not there, and when the blob is too short', async () => {
    const { files } = sample();
    await expect(files.open('other')).rejects.toMatchObject({ tag: 'path-not-found' });
    const held = [{ name: 'a', byteLength: 10, held: 5 }];
    expect(() => headersOnlyFiles({ identity: 'x', files: held }, new Uint8Array(4))).toThrow('end before');
  });
});

describe('short offsets', () => {
  const tensors = [tensor, { ...tensor, name: 'b', shape: [3] }, { ...tensor, name: 'ü', shape: [] }];
  const header = layoutHeader(tensors, new Map([['format', 'pt']])).bytes;

  it('give back the header byte for byte, and are read as it', async () => {
    const short = shortenOffsets(header);
    expect(new TextDecoder().decode(short)).toContain('"data_offsets":[6]');
    expect(restoreOffsets(short)).toEqual(new Uint8Array(header));
    const file = { name: 'm.safetensors', byteLength: header.length + 2_000_008, held: header.length };
    const files = headersOnlyFiles({ identity: 'tiny', files: [{ ...file, stored: short.length }] }, short);
    const source = await files.open(file.name);
    expect(await source.read({ start: 0, end: header.length })).toEqual(new Uint8Array(header));
    const wrong = [{ ...file, held: file.held + 1, stored: short.length }];
    expect(() => headersOnlyFiles({ identity: 'tiny', files: wrong }, short)).toThrow('end before');
  });

  it('are not made of tensors that do not follow each other', () => {
    const text = new TextDecoder().decode(header).replace('"data_offsets":[0,', '"data_offsets":[2,');
    expect(() => shortenOffsets(new TextEncoder().encode(text))).toThrow('begins at byte 2');
  });
});
