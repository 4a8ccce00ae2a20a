import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { pagePolicy, snippets } from '../deploy/headers.ts';
import { serverHeaders } from './cli/serve/app-headers.ts';
import { removedWorker } from './cli/serve/removed-worker.ts';

const pathOf = (name: string) => fileURLToPath(new URL(`../deploy/${name}`, import.meta.url));

/** Directive → its sources. */
function directives(policy: string): Map<string, string> {
  return new Map(
    policy.split(';').map((part) => {
      const [name = '', ...sources] = part.trim().split(/\s+/);
      return [name, sources.join(' ')];
    }),
  );
}

describe('deploy', () => {
  for (const [name, text] of Object.entries(snippets()))
    it(`${name} is what index.html and headers.ts say`, async () => {
      await expect(text).toMatchFileSnapshot(pathOf(name));
    });

  it('removed-sw.js ends the worker of the app', async () => {
    await expect(removedWorker(false)).toMatchFileSnapshot(pathOf('removed-sw.js'));
  });

  it('a server’s policy is the page’s and who may frame it, in every snippet', () => {
    const page = directives(pagePolicy());
    expect(page.has('frame-ancestors')).toBe(false);
    for (const name of Object.keys(snippets())) {
      const text = readFileSync(pathOf(name), 'utf8');
      const found = [...text.matchAll(/Content-Security-Policy:? "?([^"\n]+)/g)];
      expect(found.length).toBeGreaterThan(0);
      for (const [, policy = ''] of found)
        expect(directives(policy)).toEqual(new Map([...page, ['frame-ancestors', "'none'"]]));
    }
  });

  it('every snippet has every header', () => {
    for (const name of Object.keys(snippets())) {
      const text = readFileSync(pathOf(name), 'utf8');
      for (const [header, value] of serverHeaders(pagePolicy()))
        expect(text).toMatch(`${header}${name === '_headers' ? ': ' : ' "'}${value}`);
    }
  });

  it('scripts, workers and code in strings stay shut', () => {
    const page = directives(pagePolicy());
    expect(page.get('default-src')).toBe("'none'");
    expect(page.get('script-src')).toBe("'self' 'wasm-unsafe-eval'");
    expect(page.get('require-trusted-types-for')).toBe("'script'");
    expect(page.get('trusted-types')).toBe('default');
  });
});
