import { createStreamDigest, LoomError, type StreamDigest } from '../../src/core/index.ts';
import type { Supervised } from '../link/supervise.ts';
import type { RunnerApi } from './protocol.ts';

/** What goes to the worker that hashes: bytes, or null for the end. */
type ToDigest = Uint8Array<ArrayBuffer> | null;
/** What comes back: the buffer, or the hash in hex. */
type FromDigest = Uint8Array<ArrayBuffer> | string;

/** SHA-256 in a worker: bytes are moved there and back, not copied. `runner` is started when there is first a file. */
export function createWorkerDigest(runner: () => Supervised<RunnerApi>): () => Promise<StreamDigest> {
  return async () => {
    const worker = runner();
    const { port1, port2 } = new MessageChannel();
    let settle: ((answer: FromDigest | LoomError) => void) | null = null;
    port1.onmessage = (event: MessageEvent<FromDigest>) => settle?.(event.data);
    const forgetDeath = worker.onDeath((error) => settle?.(error));
    const refused = await worker.call.digest(port2).then(
      () => null,
      (error: LoomError) => error,
    );
    // A page older than its server has no such worker any more, and its job goes on.
    if (refused?.tag === 'part-not-loaded') return createStreamDigest();
    if (refused) throw refused;
    const ask = async (message: ToDigest): Promise<FromDigest> => {
      const death = worker.death();
      if (death) throw death;
      const answer = await new Promise<FromDigest | LoomError>((resolve) => {
        settle = resolve;
        port1.postMessage(message, message ? [message.buffer] : []);
      });
      settle = null;
      if (answer instanceof LoomError) throw answer;
      return answer;
    };
    return {
      update: async (bytes) => (await ask(bytes)) as Uint8Array<ArrayBuffer>,
      digest: async () => (await ask(null)) as string,
      dispose: () => {
        forgetDeath();
        port1.close();
      },
    };
  };
}

/** The other side: hashes what comes through the port, until the end. */
export async function serveDigest(port: MessagePort): Promise<void> {
  const stream = await createStreamDigest();
  port.onmessage = async (event: MessageEvent<ToDigest>) => {
    if (event.data === null) {
      port.postMessage(await stream.digest());
      port.close();
      return;
    }
    const bytes = await stream.update(event.data);
    port.postMessage(bytes, [bytes.buffer]);
  };
}
