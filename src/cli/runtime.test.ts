import { describe, expect, it } from 'vitest';
import { nameOf } from './name.ts';
import { addCommand } from './runtime.ts';

const add = (program: string, files: readonly string[] = []) => addCommand(program, (path) => files.includes(path));

describe('the command that adds the runtime of parity', () => {
  it.each([
    ['/p/node_modules/moe-loom/dist/cli/moe-loom.js', 'Run `npm i onnxruntime-web@1.30.0` in /p,'],
    ['/usr/lib/node_modules/moe-loom/dist/cli/moe-loom.js', 'Run `npm i -g onnxruntime-web@1.30.0`,'],
    [
      '/h/.npm/_npx/0a/node_modules/moe-loom/dist/cli/moe-loom.js',
      '`npx -p moe-loom -p onnxruntime-web@1.30.0 moe-loom',
    ],
    ['/h/a b/hf-moe/hf-moe', "`npm i --prefix '/h/a b/hf-moe' onnxruntime-web@1.30.0`"],
    ['/src/moe-loom/dist/cli/moe-loom.js', 'in the folder of moe-loom'],
  ])('fits a program at %s', (program, expected) => {
    expect(add(program, ['/p/package.json'])).toContain(expected);
  });
});

describe('the name of the program', () => {
  it.each([
    [undefined, 'moe-loom'],
    ['/p/node_modules/.bin/moe-loom', 'moe-loom'],
    ['/home/a/.local/share/hf/extensions/hf-moe/hf-moe', 'hf moe'],
    ['/usr/local/bin/hf-moe', 'hf-moe'],
    ['/src/hf-moe/hf-moe', 'hf-moe'],
  ])('of %s is %s', (script, name) => {
    expect(nameOf(script)).toBe(name);
  });
});
