import { LoomError } from '../../src/core/index.ts';

/** The first message of a port, which is then closed. @throws LoomError `cancelled`, `internal`. */
export function receiveFrom<T>(port: MessagePort, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => settle(() => reject(new LoomError('cancelled', 'The work was stopped.')));
    const settle = (then: () => void) => {
      signal.removeEventListener('abort', stop);
      port.close();
      then();
    };
    signal.addEventListener('abort', stop);
    port.onmessage = (event: MessageEvent<T>) => settle(() => resolve(event.data));
    port.onmessageerror = () => settle(() => reject(new LoomError('internal', 'A message could not be read.')));
    if (signal.aborted) stop();
  });
}
