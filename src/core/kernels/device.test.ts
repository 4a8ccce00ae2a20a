import { expect, it } from 'vitest';
import { MIB } from '../units.ts';
import { openGpu } from './device.ts';
import { MAX_TILE_BYTES } from './tile.ts';

/** An adapter with these limits, which keeps what it was asked for. */
function adapterOf(limits: Partial<GPUSupportedLimits>) {
  const asked: GPUDeviceDescriptor[] = [];
  const adapter = {
    limits,
    info: { vendor: 'made', architecture: 'up', description: '' },
    requestDevice: async (descriptor: GPUDeviceDescriptor) => {
      asked.push(descriptor);
      return { lost: new Promise(() => {}), limits: { maxComputeWorkgroupsPerDimension: 65_535 } };
    },
  };
  return { gpu: { requestAdapter: async () => adapter } as unknown as GPU, asked };
}

it.each([
  ['a large adapter', 4096, 4096, 128, 256],
  ['a binding below the usual', 64, 1024, 64, 256],
  ['a buffer below the binding', 128, 32, 32, 32],
])('asks %s for the limits that it has, and takes tiles within them', async (_, binding, buffer, tile, whole) => {
  const { gpu, asked } = adapterOf({ maxStorageBufferBindingSize: binding * MIB, maxBufferSize: buffer * MIB });
  const opened = await openGpu(gpu, { tileBytes: 2 * MAX_TILE_BYTES, depth: 4 });
  expect(asked).toEqual([{ requiredLimits: { maxStorageBufferBindingSize: tile * MIB, maxBufferSize: whole * MIB } }]);
  expect(opened).toMatchObject({ limits: { tileBytes: tile * MIB }, groupsPerDimension: 65_535, name: 'made up' });
});
