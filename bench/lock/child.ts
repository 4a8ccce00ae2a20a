import { closeSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { isLoomError } from '../../src/core/errors.ts';
import { lockFolder } from '../../src/core/sink/lock.node.ts';
import type { RoundAnswer } from './rounds.ts';

/** One process of the rounds: at each word it tries until it has been in once, and says what it saw. */
const folder = process.argv[2] ?? '';
/** Beside the folder: whoever is in makes it, and whoever cannot is not alone. */
const mark = join(tmpdir(), `${basename(folder)}.in`);

async function round(): Promise<RoundAnswer> {
  for (let refusals = 0; ; refusals++) {
    try {
      const unlock = await lockFolder(folder);
      const twoIn = isAlone() ? 0 : 1;
      await new Promise((resolve) => setImmediate(resolve));
      rmSync(mark, { force: true });
      await unlock();
      return { refusals, twoIn };
    } catch (error) {
      if (!isLoomError(error) || error.tag !== 'output-in-use') throw error;
    }
  }
}

function isAlone(): boolean {
  try {
    closeSync(openSync(mark, 'wx'));
    return true;
  } catch {
    return false;
  }
}

process.on('message', () => void round().then((answer) => process.send?.(answer)));
process.on('disconnect', () => process.exit());
process.send?.({ refusals: 0, twoIn: 0 });
