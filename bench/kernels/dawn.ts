/** A device of Dawn's, and where more come from. */
export interface Dawn {
  readonly gpu: GPU;
  readonly device: GPUDevice;
  readonly name: string;
}

interface DawnModule {
  create(options: readonly string[]): GPU;
}

/** Timestamps are rounded to 100 µs unless asked otherwise, which a page could not. */
const OPTIONS = ['enable-dawn-features=allow_unsafe_apis', 'disable-dawn-features=timestamp_quantization'];

/** As {@link openDawn}; where there is none it says what is missing, and the process will end with 2. */
export async function requireDawn(): Promise<Dawn | null> {
  const dawn = await openDawn();
  if (typeof dawn !== 'string') return dawn;
  process.stderr.write(`${dawn}\n`);
  process.exitCode = 2;
  return null;
}

/** Opens the fastest adapter that Dawn finds, or says what is missing. WEBGPU_MODULE may name the package's main file. */
async function openDawn(): Promise<Dawn | string> {
  const specifier = process.env.WEBGPU_MODULE ?? 'webgpu';
  const module = (await import(specifier).catch(() => null)) as DawnModule | null;
  if (!module) return `Dawn is not installed (${specifier}): npm install --no-save webgpu`;
  const gpu = module.create([...OPTIONS]);
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) return 'Dawn finds no adapter: is a Vulkan driver installed, and does VK_ICD_FILENAMES name it?';
  const { maxStorageBufferBindingSize, maxBufferSize } = adapter.limits;
  const device = await adapter.requestDevice({
    requiredFeatures: adapter.features.has('timestamp-query') ? ['timestamp-query'] : [],
    requiredLimits: { maxStorageBufferBindingSize, maxBufferSize },
  });
  const { vendor, architecture, description } = adapter.info;
  return { gpu, device, name: [vendor, architecture, description].filter((word) => word).join(' ') };
}
