import * as Comlink from 'comlink';
import { LoomError } from '../../src/core/index.ts';
import { installTransferHandlers, releaseSignal } from './transfer.ts';

/** What a supervisor needs of a worker: a `Worker` fits, and so does a port in tests. */
export interface WorkerLike extends Comlink.Endpoint {
  terminate(): void;
}

/** A worker's api as the page sees it: every method asynchronous. */
export type Client<Api> = {
  readonly [K in keyof Api]: Api[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never;
};

/** A worker under supervision. */
export interface Supervised<Api> {
  readonly call: Client<Api>;
  /** Why the worker is gone, null while it lives. */
  readonly death: () => LoomError | null;
  /** Tells of the worker's death (not of `dispose`); gives back how to stop listening. */
  readonly onDeath: (listener: (error: LoomError) => void) => () => void;
  /** Ends the worker and rejects what is pending with `cancelled`. */
  readonly dispose: () => void;
}

/** Objects that are moved to the worker when they stand as arguments of their own. */
const MOVABLE = ['MessagePort', 'ReadableStream', 'WritableStream', 'OffscreenCanvas'];

/**
 * Wraps a worker so that every call settles: when the worker fails to load, throws outside of a call or is ended,
 * everything pending is rejected and later calls are refused.
 *
 * Arguments that are functions are proxied, abort signals are carried over, message ports are moved. Errors come back
 * as the LoomError that was thrown, fields included.
 */
export function supervise<Api extends object>(worker: WorkerLike, name = 'worker'): Supervised<Api> {
  installTransferHandlers();
  const remote = Comlink.wrap<Record<string, (...args: unknown[]) => Promise<unknown>>>(worker);
  const pending = new Set<(error: LoomError) => void>();
  const listeners = new Set<(error: LoomError) => void>();
  let death: LoomError | null = null;
  /** A worker that has answered was loaded. */
  let heard = false;

  const end = (error: LoomError): boolean => {
    if (death) return false;
    death = error;
    worker.removeEventListener('error', onError);
    worker.removeEventListener('messageerror', onMessageError);
    worker.terminate();
    for (const reject of [...pending]) reject(error);
    pending.clear();
    return true;
  };
  const die = (error: LoomError) => {
    if (end(error)) for (const listener of [...listeners]) listener(error);
  };
  const broken = (message: string) => die(new LoomError('internal', message, { worker: name }));
  const onError = (event: Event) => {
    const text = 'message' in event && typeof event.message === 'string' ? event.message : '';
    if (text !== '') broken(`The ${name} stopped: ${text}.`);
    else if (heard) broken(`The ${name} stopped: it ran out of memory.`);
    else die(notLoaded(name));
  };
  const onMessageError = () => broken(`The ${name} sent something that cannot be read here.`);
  const onMessage = () => {
    heard = true;
    worker.removeEventListener('message', onMessage);
  };
  worker.addEventListener('message', onMessage);
  worker.addEventListener('error', onError as EventListener);
  worker.addEventListener('messageerror', onMessageError);

  const invoke = async (method: string, args: readonly unknown[]): Promise<unknown> => {
    if (death) throw death;
    if (args.some((arg) => arg instanceof AbortSignal && arg.aborted)) throw cancelled();
    const scope = prepare(args);
    let reject: (error: LoomError) => void = () => {};
    try {
      return await new Promise((resolve, fail) => {
        reject = fail;
        pending.add(fail);
        const target = remote[method] as unknown as (...args: unknown[]) => Promise<unknown>;
        target(...scope.args).then(resolve, fail);
      });
    } finally {
      pending.delete(reject);
      scope.release();
    }
  };

  return {
    call: methods<Api>(invoke),
    death: () => death,
    onDeath: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    dispose: () => void end(new LoomError('cancelled', `The ${name} was ended.`)),
  };
}

function cancelled(): LoomError {
  return new LoomError('cancelled', 'The work was stopped.');
}

function methods<Api extends object>(
  invoke: (method: string, args: readonly unknown[]) => Promise<unknown>,
): Client<Api> {
  return new Proxy({} as Client<Api>, {
    // A client has no `then`: else `await` would take it for a promise.
    get: (_, key) =>
      typeof key === 'string' && key !== 'then' ? (...args: unknown[]) => invoke(key, args) : undefined,
  });
}

/** Arguments as comlink wants them; signals get a copy that lives only as long as the call. */
function prepare(args: readonly unknown[]): { readonly args: unknown[]; readonly release: () => void } {
  const releases: (() => void)[] = [];
  const prepared = args.map((arg) => {
    if (typeof arg === 'function') return Comlink.proxy(arg);
    if (arg instanceof AbortSignal) {
      const scoped = AbortSignal.any([arg]);
      releases.push(() => releaseSignal(scoped));
      return scoped;
    }
    const movable = MOVABLE.includes((arg as object | undefined)?.constructor?.name ?? '');
    return movable ? Comlink.transfer(arg, [arg as Transferable]) : arg;
  });
  return { args: prepared, release: () => releases.forEach((release) => void release()) };
}

/** The error for a worker whose script did not come. */
function notLoaded(name: string): LoomError {
  const message = `The ${name} could not be loaded: the server cannot be reached, or it holds a newer version of this page. Reload the page.`;
  return new LoomError('part-not-loaded', message, { worker: name });
}
