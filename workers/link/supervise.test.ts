import { afterEach, describe, expect, it } from 'vitest';
import { isLoomError, LoomError } from '../../src/core/index.ts';
import { type Supervised, supervise, type WorkerLike } from './supervise.ts';
import { exposeApi } from './transfer.ts';

const api = {
  add: (a: number, b: number) => a + b,
  fail: (file: string) => {
    throw new LoomError('read-short', 'Too few bytes came.', { file, byte: 17 });
  },
  foreign: () => {
    throw new TypeError('odd');
  },
  never: () => new Promise<never>(() => {}),
  untilAborted: (signal: AbortSignal) =>
    new Promise<string>((_, reject) => {
      signal.addEventListener('abort', () => reject(new LoomError('cancelled', 'The worker stopped.')));
    }),
  count: async (tell: (n: number) => void, to: number) => {
    for (let n = 1; n <= to; n++) await tell(n);
    return to;
  },
  shout: (tell: (n: number) => void, to: number) => {
    for (let n = 1; n <= to; n++) tell(n);
    return to;
  },
  callBack: (listen: (signal: AbortSignal) => Promise<string>, soon: number) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), soon);
    return listen(controller.signal);
  },
  throughPort: (port: MessagePort) => {
    port.postMessage('direct');
    port.close();
  },
};

const ended: (() => void)[] = [];
afterEach(() => {
  for (const end of ended.splice(0)) end();
});

/** A pair of ports that plays a worker; `fire` plays what browsers tell the page. */
function start(): {
  client: Supervised<typeof api>;
  fire: (type: string, message?: string) => void;
  terminated: () => number;
} {
  const { port1, port2 } = new MessageChannel();
  exposeApi(api, port2);
  const events = new EventTarget();
  let terminated = 0;
  const own = new Set(['error', 'messageerror']);
  const worker: WorkerLike = {
    postMessage: (message: unknown, transfer: Transferable[]) => port1.postMessage(message, transfer),
    addEventListener: (type: string, listener: EventListenerOrEventListenerObject) =>
      own.has(type) ? events.addEventListener(type, listener) : port1.addEventListener(type, listener as EventListener),
    removeEventListener: (type: string, listener: EventListenerOrEventListenerObject) =>
      own.has(type)
        ? events.removeEventListener(type, listener)
        : port1.removeEventListener(type, listener as EventListener),
    start: () => port1.start(),
    terminate: () => {
      terminated++;
      port1.close();
      port2.close();
    },
  };
  const client = supervise<typeof api>(worker, 'test worker');
  ended.push(client.dispose);
  const fire = (type: string, message?: string) =>
    events.dispatchEvent(Object.assign(new Event(type), message === undefined ? {} : { message }));
  return { client, fire, terminated: () => terminated };
}

async function errorOf(promise: Promise<unknown>): Promise<LoomError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!isLoomError(error)) throw new Error(`no LoomError: ${String(error)}`);
  return error;
}

describe('supervise', () => {
  it('gives answers back', async () => {
    expect(await start().client.call.add(2, 3)).toBe(5);
  });

  it('carries tagged errors with their fields', async () => {
    const error = await errorOf(start().client.call.fail('a.safetensors'));
    expect(error).toMatchObject({
      tag: 'read-short',
      message: 'Too few bytes came.',
      retryable: true,
      fields: { file: 'a.safetensors', byte: 17 },
    });
  });

  it('calls foreign errors internal', async () => {
    expect(await errorOf(start().client.call.foreign())).toMatchObject({ tag: 'internal', message: 'TypeError: odd' });
  });

  it('rejects what is pending when the worker fails, and refuses what comes later', async () => {
    const { client, fire, terminated } = start();
    const told: LoomError[] = [];
    client.onDeath((error) => told.push(error));
    const pending = [errorOf(client.call.never()), errorOf(client.call.never())];
    fire('error', 'boom');
    for (const error of await Promise.all(pending)) expect(error.message).toBe('The test worker stopped: boom.');
    expect((await errorOf(client.call.add(1, 1))).message).toContain('boom');
    expect(terminated()).toBe(1);
    expect(told).toHaveLength(1);
  });

  it('says so when the script could not be loaded', async () => {
    const { client, fire } = start();
    const pending = errorOf(client.call.never());
    fire('error');
    expect(await pending).toMatchObject({ tag: 'part-not-loaded', message: expect.stringContaining('Reload') });
  });

  it('rejects what is pending with `cancelled` on dispose, once', async () => {
    const { client, terminated } = start();
    const pending = errorOf(client.call.never());
    client.dispose();
    client.dispose();
    expect((await pending).tag).toBe('cancelled');
    expect(terminated()).toBe(1);
    expect(client.death()?.tag).toBe('cancelled');
  });

  it('carries an abort to the worker', async () => {
    const { client } = start();
    const controller = new AbortController();
    const pending = errorOf(client.call.untilAborted(controller.signal));
    await client.call.add(1, 1);
    controller.abort();
    expect(await pending).toMatchObject({ tag: 'cancelled', message: 'The worker stopped.' });
  });

  it('does not call with a signal that is aborted already', async () => {
    expect((await errorOf(start().client.call.untilAborted(AbortSignal.abort()))).tag).toBe('cancelled');
  });

  it('lets one caller stop without the other', async () => {
    const { client } = start();
    const [one, two] = [new AbortController(), new AbortController()];
    const first = errorOf(client.call.untilAborted(one.signal));
    let second: LoomError | null = null;
    const other = errorOf(client.call.untilAborted(two.signal)).then((error) => {
      second = error;
    });
    one.abort();
    await first;
    expect(second).toBeNull();
    two.abort();
    await other;
  });

  it('answers a call after its last event was heard, also when nobody waited for the events', async () => {
    const { client } = start();
    const order: string[] = [];
    let hear = () => {};
    const heard = new Promise<void>((resolve) => {
      hear = resolve;
    });
    const call = client.call.shout(() => heard, 3).then(() => order.push('answered'));
    await client.call.add(1, 1);
    order.push('heard');
    hear();
    await call;
    expect(order).toEqual(['heard', 'answered']);
  });

  it('calls functions of the page', async () => {
    const told: number[] = [];
    expect(await start().client.call.count((n) => void told.push(n), 3)).toBe(3);
    expect(told).toEqual([1, 2, 3]);
  });

  it('carries a signal and an error the other way too', async () => {
    const listen = (signal: AbortSignal) =>
      new Promise<string>((_, reject) => {
        signal.addEventListener('abort', () => reject(new LoomError('disk-full', 'No room.', { file: 'x' })));
      });
    expect(await errorOf(start().client.call.callBack(listen, 5))).toMatchObject({
      tag: 'disk-full',
      fields: { file: 'x' },
    });
  });

  it('moves message ports', async () => {
    const { port1, port2 } = new MessageChannel();
    const got = new Promise((resolve) => {
      port1.onmessage = (event) => resolve(event.data);
    });
    await start().client.call.throughPort(port2);
    expect(await got).toBe('direct');
    port1.close();
  });

  it('is no promise itself', async () => {
    const { client } = start();
    expect(await client.call).toBe(client.call);
  });
});
