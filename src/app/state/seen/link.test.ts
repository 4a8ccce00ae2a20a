import { expect, it } from 'vitest';
import { parseAddress } from '../address.ts';
import { type BesideAddress, linkOf, notCarried } from './link.ts';

const HERE = { origin: 'https://moe.example', pathname: '/app/' };
const NOTHING: BesideAddress = { token: false, machine: null, files: [] };

it('a link says the usual look too once a checkpoint is open', () => {
  expect(linkOf(parseAddress(''), HERE)).toBe('https://moe.example/app/');
  const link = linkOf(parseAddress('?sample=tiny&layer=3'), HERE);
  const remembered = { theme: 'system', colour: 'bytes', shape: 'table', layerShown: false } as const;
  expect(parseAddress(new URL(link).search, remembered)).toEqual(parseAddress('?sample=tiny&layer=3'));
});

it('says what a link does not carry, and nothing where it carries all', () => {
  const missing = (search: string, beside = NOTHING) => notCarried(parseAddress(search), beside);
  expect(missing('?repo=a/b&view=compare&with=sample:tiny')).toEqual([]);
  expect(missing('?local=my+folder')).toEqual([expect.stringContaining('“my folder”')]);
  expect(missing('?sample=tiny&with=local:left')).toEqual([expect.stringContaining('“left” on the right')]);
  expect(missing('?sample=tiny&with=job:20261122-stacked')).toEqual([
    expect.stringContaining('stored in this browser'),
  ]);
  const beside = { token: true, machine: null, files: ['loads.json'] };
  expect(missing('?repo=a/b', beside)).toEqual([
    expect.stringContaining('access token'),
    expect.stringContaining('“loads.json”'),
  ]);
});
