import * as Comlink from 'comlink';
import { type ErrorWire, fromWire, toWire } from '../../src/core/index.ts';
import { installWorkerPolicy } from './policy.ts';

/** What represents an AbortSignal on its way to the other side. */
type SignalWire = { readonly aborted: true } | { readonly aborted: false; readonly port: MessagePort };

const ports = new WeakMap<AbortSignal, () => void>();
const marker = Symbol('installed');

/**
 * Teaches comlink to carry tagged errors with their fields, and abort signals, in both directions.
 *
 * Both sides of a border call it, once or often: the one file that page and worker share. Signals have to be arguments
 * of their own: comlink does not look inside objects.
 */
export function installTransferHandlers(): void {
  const handlers = Comlink.transferHandlers as typeof Comlink.transferHandlers & { [marker]?: true };
  const thrown = handlers.get('throw');
  if (handlers[marker] || !thrown) return;
  handlers[marker] = true;
  handlers.set('throw', {
    canHandle: thrown.canHandle,
    serialize: (value) => [toWire((value as { value: unknown }).value), []],
    deserialize: (wire) => {
      throw fromWire(wire as ErrorWire);
    },
  });
  handlers.set('signal', {
    canHandle: (value): value is AbortSignal => value instanceof AbortSignal,
    serialize: (signal) => serializeSignal(signal as AbortSignal),
    deserialize: (wire) => deserializeSignal(wire as SignalWire),
  });
}

function serializeSignal(signal: AbortSignal): [SignalWire, Transferable[]] {
  if (signal.aborted) return [{ aborted: true }, []];
  const { port1, port2 } = new MessageChannel();
  // Who hears of it closes the port: Firefox drops what is under way when its sender does.
  const tell = () => port1.postMessage('abort');
  signal.addEventListener('abort', tell, { once: true });
  ports.set(signal, () => {
    signal.removeEventListener('abort', tell);
    port1.close();
  });
  return [{ aborted: false, port: port2 }, [port2]];
}

function deserializeSignal(wire: SignalWire): AbortSignal {
  if (wire.aborted) return AbortSignal.abort();
  const controller = new AbortController();
  wire.port.onmessage = () => {
    controller.abort();
    wire.port.close();
  };
  return controller.signal;
}

/** Frees what carries a signal to the other side, once the call it belonged to has ended. */
export function releaseSignal(signal: AbortSignal): void {
  ports.get(signal)?.();
  ports.delete(signal);
}

/**
 * Offers an api to the page: what every worker of ours ends with. A call with callbacks answers once the last event of
 * each was heard: events travel through ports of their own, and could come after the answer.
 */
export function exposeApi(api: object, endpoint?: Comlink.Endpoint): void {
  installWorkerPolicy();
  installTransferHandlers();
  const members = Object.entries(api).map(([name, member]) => [name, eventsFirst(member as Method)]);
  Comlink.expose(Object.fromEntries(members), endpoint);
}

type Method = (...args: unknown[]) => unknown;

function eventsFirst(method: Method): Method {
  return (...args) => {
    if (!args.some((arg) => typeof arg === 'function')) return method(...args);
    /** For each callback, when its latest event was heard: those before it were heard earlier. */
    const heard = new Map<Method, unknown>();
    const listening = args.map((arg) => {
      if (typeof arg !== 'function') return arg;
      const callback = arg as Method;
      return (...events: unknown[]) => {
        const told = callback(...events);
        heard.set(callback, told);
        return told;
      };
    });
    const answer = async () => method(...listening);
    return answer().finally(() => Promise.allSettled(heard.values()));
  };
}

/** Marks what a call gives back as moved, not copied. */
export function withTransfer<T>(value: T, transfers: Transferable[]): T {
  return Comlink.transfer(value, transfers);
}
