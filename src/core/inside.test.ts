import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isInside } from './inside.ts';

describe('isInside', () => {
  it.each([
    ['/a/b', '/a/b', true],
    ['/a/b/', '/a/b', false],
    ['/a/b/c', '/a/b', true],
    ['/a/b/c', '/a/b/', true],
    ['/a/b/c/d.x', '/a/b', true],
    ['/a/bc', '/a/b', false],
    ['/a', '/a/b', false],
    ['/a/b/../c', '/a/b', false],
    ['/a/b/./c', '/a/b', false],
    ['/a/b//c', '/a/b', false],
    ['/a/b/..', '/a/b', false],
    ['/a/b/..c', '/a/b', true],
    ['/a/b/c..', '/a/b', true],
    ['/a/b\\c', '/a/b', false],
    ['/a/b/..\\c', '/a/b', false],
    ['/a/b/c\\d', '/a/b', true],
    ['/a/b/c\0d', '/a/b', false],
    ['/etc/passwd', '/', true],
    ['C:\\a\\b', 'C:\\a', true],
    ['C:\\ab', 'C:\\a', false],
    ['/x.safetensors', '', true],
    ['//etc', '', false],
    ['/../etc', '', false],
    ['/a/../../etc', '', false],
  ])('%j in %j: %s', (path, root, inside) => {
    expect(isInside(path, root)).toBe(inside);
  });

  it('lets no name out, however it is put together', () => {
    const part = fc.constantFrom('a', 'b.c', '..', '.', '', '...', '\\', '..\\', 'a\\..');
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
        if (!isInside(`/${parts.join('/')}`, '')) return;
        expect(parts.flatMap((one) => one.split('\\')).some((one) => one === '..' || one === '.')).toBe(false);
        expect(parts).not.toContain('');
      }),
    );
  });
});
