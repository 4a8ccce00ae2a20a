import { describe, expect, it } from 'vitest';
import { installWorkerPolicy } from './policy.ts';

type Rules = Readonly<Record<string, (address: string) => string>>;

function installed(defaultPolicy: unknown = null): Rules | null {
  let made: Rules | null = null;
  const createPolicy = (_: string, rules: Rules) => {
    made = rules;
  };
  installWorkerPolicy({
    trustedTypes: { defaultPolicy, createPolicy },
    location: { href: 'https://a.example/app/', origin: 'https://a.example' },
  });
  return made;
}

describe('installWorkerPolicy', () => {
  it('lets scripts of the own origin through as they are', () => {
    const { createScriptURL } = installed() ?? {};
    expect(createScriptURL?.('https://a.example/app/assets/x.js')).toBe('https://a.example/app/assets/x.js');
    expect(createScriptURL?.('./x.js')).toBe('./x.js');
  });

  for (const address of [
    'https://b.example/x.js',
    '//b.example/x.js',
    'data:text/javascript,1',
    'blob:https://a.example/1',
  ])
    it(`refuses ${address}`, () => {
      expect(() => installed()?.createScriptURL?.(address)).toThrow(/may not come from/);
    });

  it('has no rule for HTML or code', () => expect(Object.keys(installed() ?? {})).toEqual(['createScriptURL']));

  it('does nothing where a policy is there already, or the browser has none', () => {
    expect(installed({})).toBeNull();
    expect(() => installWorkerPolicy({ location: {} })).not.toThrow();
  });
});
