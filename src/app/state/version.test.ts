import { describe, expect, it } from 'vitest';
import { checkVersion, useVersion } from './version.ts';

const PAGE = '<script type="module" src="./assets/index-OLD.js"></script>';

describe('checkVersion', () => {
  for (const [what, page, state] of [
    ['the page that runs here', PAGE, 'same'],
    ['a page with another script', PAGE.replace('OLD', 'NEW'), 'newer'],
    ['nothing', null, 'unreached'],
  ] as const)
    it(`tells ${state} where the server gives ${what}`, async () => {
      await checkVersion('./assets/index-OLD.js', async () => page);
      expect(useVersion.getState().state).toBe(state);
    });

  it('leaves a version that is kept here and waits as it is', async () => {
    const take = async () => true;
    useVersion.setState({ state: 'ready', take });
    await checkVersion('./assets/index-OLD.js', async () => PAGE);
    expect(useVersion.getState()).toEqual({ state: 'ready', take });
  });
});
