import { LoomError, throwIfAborted } from '../errors.ts';
import { type OnnxGraph, writeModel } from './onnx.ts';

/** What a graph is run on, by input name. */
export type Feeds = Readonly<Record<string, Feed>>;
export interface Feed {
  readonly dims: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

/** What came out, by output name. */
export type Results = ReadonlyMap<string, Feed>;

/** Runs graphs, each in a session of its own that is gone when its answer is there. */
export interface Runtime {
  readonly name: string;
  readonly threads: number;
  run(graph: OnnxGraph, feeds: Feeds, signal: AbortSignal | undefined): Promise<Results>;
}

/** More brings little for matrices of this size, and each has a stack of its own. */
const MOST_THREADS = 4;

/**
 * onnxruntime-web's WebAssembly provider, loaded on the first call; with threads where the page is cross-origin isolated.
 *
 * Results do not promise to be the same to the bit from one number of threads to another.
 * @throws LoomError `runtime-unavailable` when it cannot be loaded; running a graph does so when its WebAssembly file is missing.
 */
export async function openRuntime(): Promise<Runtime> {
  const ort = await load();
  const { wasm } = ort.env;
  wasm.numThreads = canShare() ? Math.max(1, Math.min(MOST_THREADS, processors())) : 1;
  const run = async (graph: OnnxGraph, feeds: Feeds, signal: AbortSignal | undefined): Promise<Results> => {
    throwIfAborted(signal);
    const external = graph.initializers.filter((tensor) => tensor.external);
    const session = await ort.InferenceSession.create(writeModel(graph), {
      executionProviders: ['wasm'],
      externalData: external.map(({ name, bytes }) => ({ path: name, data: bytes })),
      // each graph runs once: patterns and arenas for a second run would only hold memory
      enableMemPattern: false,
      enableCpuMemArena: false,
    }).catch((cause: unknown) => {
      throw failure(graph, cause);
    });
    try {
      throwIfAborted(signal);
      const tensors = Object.entries(feeds).map(([name, { data, dims }]) => [
        name,
        data instanceof BigInt64Array ? new ort.Tensor('int64', data, dims) : new ort.Tensor('float32', data, dims),
      ]);
      const outputs = await session.run(Object.fromEntries(tensors)).catch((cause: unknown) => {
        throw failure(graph, cause);
      });
      return new Map(
        Object.entries(outputs).map(([name, tensor]) => [
          name,
          { dims: tensor.dims, data: tensor.data.slice() as Float32Array | BigInt64Array },
        ]),
      );
    } finally {
      await session.release();
    }
  };
  return { name: `onnxruntime-web ${ort.env.versions.web ?? ''}`.trim(), threads: wasm.numThreads, run };
}

async function load() {
  try {
    return await import('onnxruntime-web/wasm');
  } catch (cause) {
    throw new LoomError('runtime-unavailable', 'onnxruntime-web could not be loaded.', {}, cause);
  }
}

/** What onnxruntime-web says where its WebAssembly file, which it asks for with the first session, does not come. */
const NOT_STARTED = /no available backend found/;

/** Sessions fail for memory, or for a graph that the runtime does not take: both say so in their own words. */
function failure(graph: OnnxGraph, cause: unknown): LoomError {
  const words = cause instanceof Error ? cause.message : String(cause);
  if (NOT_STARTED.test(words)) {
    const message = `onnxruntime-web could not load its WebAssembly file${wasmAddress()}: ${words}`;
    return new LoomError('runtime-unavailable', message, {}, cause);
  }
  return new LoomError('runtime-failed', `onnxruntime-web could not compute ${graph.name}: ${words}`, {}, cause);
}

/** Where the file was asked for, with a space before it; nothing where the platform does not say, as in Node. */
function wasmAddress(): string {
  const asked = performance.getEntriesByType('resource').findLast(({ name }) => name.endsWith('.wasm'));
  return asked ? ` ${asked.name}` : '';
}

/** Threads share memory, which a page may only when it is cross-origin isolated. Node computes with one. */
function canShare(): boolean {
  const isolated = (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated;
  return isolated ?? false;
}

function processors(): number {
  return globalThis.navigator?.hardwareConcurrency ?? 1;
}
