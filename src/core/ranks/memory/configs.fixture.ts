import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../layouts/config-keys.ts';
import { FIXTURES } from '../../testing.fixture.ts';

/** The config of a published model, as the Hub has it. */
export function readModelConfig(name: string): Config {
  return JSON.parse(readFileSync(join(FIXTURES, 'configs', `${name}.json`), 'utf8')) as Config;
}
