import { describe, expect, it } from 'vitest';
import { type ErrorTag, LoomError } from '../errors.ts';
import { handClock } from '../source/clock.fixture.ts';
import { memorySource } from '../source/memory.ts';
import { createSharedFailures } from './shared-failures.ts';

function setUp() {
  const clock = handClock();
  const failures = createSharedFailures(clock);
  let reads = 0;
  let failure: ErrorTag | null = null;
  const inner = memorySource(new Uint8Array(4), 'key');
  const share = (file: string, first?: () => Promise<never>) =>
    failures.share(
      {
        ...inner,
        read: async (range) => {
          if (first) return first();
          reads++;
          if (failure !== null) throw new LoomError(failure, 'No.', { file });
          return inner.read(range);
        },
      },
      file,
    );
  const read = async (file: string, tag: ErrorTag | null) => {
    failure = tag;
    const outcome = share(file).read({ start: 0, end: 4 });
    return outcome.then(
      () => 'read',
      (error: LoomError) => `${error.tag} ${error.fields.file}`,
    );
  };
  return { clock, failures, read, share, reads: () => reads };
}

it('closes all files of a repo that is closed, for good', async () => {
  const { clock, read, reads } = setUp();
  expect(await read('a', 'repo-gated')).toBe('repo-gated a');
  clock.advance(1e9);
  expect(await read('b', null)).toBe('repo-gated b');
  expect(reads()).toBe(1);
});

it('tries again after 5 s when the network was gone', async () => {
  const { clock, read, reads } = setUp();
  expect(await read('a', 'network')).toBe('network a');
  clock.advance(4_999);
  expect(await read('b', null)).toBe('network b');
  clock.advance(1);
  expect(await read('b', null)).toBe('read');
  expect(reads()).toBe(2);
});

it('leaves a failure that is one file’s own to that file', async () => {
  const { read } = setUp();
  for (const tag of ['path-not-found', 'server-error', 'content-range-wrong', 'cancelled'] as const) {
    expect(await read('a', tag)).toBe(`${tag} a`);
    expect(await read('b', null)).toBe('read');
  }
});

it('says cancelled first', async () => {
  const { read, share } = setUp();
  await read('a', 'repo-gated');
  const reading = share('b').read({ start: 0, end: 1 }, { signal: AbortSignal.abort() });
  await expect(reading).rejects.toMatchObject({ tag: 'cancelled' });
});

it('takes a lost connection for one file’s own while others are served', async () => {
  const { read, share, reads } = setUp();
  let fail = () => {};
  const slow = share(
    'slow',
    () =>
      new Promise<never>((_resolve, reject) => {
        fail = () => reject(new LoomError('network', 'No.', { file: 'slow' }));
      }),
  );
  const outcome = slow.read({ start: 0, end: 4 }).catch((error: LoomError) => error.tag);
  expect(await read('b', null)).toBe('read');
  fail();
  expect(await outcome).toBe('network');
  expect(await read('c', null)).toBe('read');
  expect(reads()).toBe(2);
});

it('is forgotten when somebody tries again', async () => {
  const { failures, read } = setUp();
  expect(await read('a', 'repo-gated')).toBe('repo-gated a');
  failures.reset();
  expect(await read('b', null)).toBe('read');
});

describe('trying again', () => {
  const lost = new LoomError('network', 'No.');
  /** How a wait ends, or `waits` while it does not. */
  const stateOf = async (turn: Promise<void>) => {
    const ended = turn.then(
      () => 'goes on',
      (error: LoomError) => error.tag,
    );
    for (let i = 0; i < 10; i++) await Promise.resolve();
    return Promise.race([ended, Promise.resolve('waits')]);
  };

  it('is done by one for all, who go on when a read is served', async () => {
    const { failures, read } = setUp();
    expect(await stateOf(failures.turn('a', lost, undefined))).toBe('goes on');
    const b = failures.turn('b', lost, undefined);
    expect(await stateOf(b)).toBe('waits');
    await read('c', null);
    expect(await stateOf(b)).toBe('goes on');
  });

  it('ends for all when the one has failed', async () => {
    const { failures, read } = setUp();
    await failures.turn('a', lost, undefined);
    const b = failures.turn('b', lost, undefined);
    await read('a', 'network');
    expect(await stateOf(b)).toBe('network');
  });

  it('passes to the next when the one failed for a reason of its own', async () => {
    const { failures, read } = setUp();
    await failures.turn('a', lost, undefined);
    const [b, c] = [failures.turn('b', lost, undefined), failures.turn('c', lost, undefined)];
    await read('a', 'server-error');
    expect([await stateOf(b), await stateOf(c)]).toEqual(['goes on', 'waits']);
    await read('b', null);
    expect(await stateOf(c)).toBe('goes on');
  });

  it('waits for nobody where the failure is one file’s own', async () => {
    const { failures } = setUp();
    await failures.turn('a', lost, undefined);
    expect(await stateOf(failures.turn('b', new LoomError('server-error', 'No.'), undefined))).toBe('goes on');
  });

  it('is left when the work is stopped', async () => {
    const { failures } = setUp();
    await failures.turn('a', lost, undefined);
    const leave = new AbortController();
    const b = failures.turn('b', lost, leave.signal);
    leave.abort();
    expect(await stateOf(b)).toBe('cancelled');
  });
});
