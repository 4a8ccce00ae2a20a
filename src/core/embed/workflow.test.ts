import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HOSTILE } from './hostile.fixture.ts';
import { hasHidden, replaceHidden, visible } from './visible.ts';
import { workflowCommand } from './workflow.ts';

/** A line as the runner of GitHub Actions reads it (ActionCommand.cs): properties by `,` and `=`, then escapes. */
function read(line: string) {
  const [, level = '', properties = '', data = ''] = /^::([a-z]+) (.*?)::(.*)$/s.exec(line) ?? [];
  const back = (text: string) => text.replaceAll('%0D', '\r').replaceAll('%0A', '\n');
  const pairs = properties.split(',').map((pair) => {
    const at = pair.indexOf('=');
    const value = back(pair.slice(at + 1))
      .replaceAll('%3A', ':')
      .replaceAll('%2C', ',')
      .replaceAll('%25', '%');
    return [pair.slice(0, at), value];
  });
  return { level, ...Object.fromEntries(pairs), message: back(data).replaceAll('%25', '%') };
}

/** What stays of a text: line ends as they are, other hidden characters as escapes. */
const kept = (text: string) => replaceHidden(text, (each) => (each === '\r' || each === '\n' ? each : visible(each)));

describe('workflowCommand', () => {
  it('is one line, which the runner reads back', () => {
    const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...HOSTILE, '::error::', '%0A', 'a,b:c=d'));
    fc.assert(
      fc.property(texts, texts, texts, (file, title, message) => {
        const line = workflowCommand({ level: 'error', file, title, message });
        expect(hasHidden(line)).toBe(false);
        expect(read(line)).toEqual({ level: 'error', file: kept(file), title: kept(title), message: kept(message) });
      }),
    );
  });

  it('escapes as GitHub documents it', () => {
    expect(
      workflowCommand({ level: 'warning', file: 'a,b:c%.txt', title: 't', message: '50 %\r\n::error::x, y: z' }),
    ).toBe('::warning file=a%2Cb%3Ac%25.txt,title=t::50 %25%0D%0A::error::x, y: z');
    expect(workflowCommand({ level: 'error', file: null, title: 't', message: 'm' })).toBe('::error title=t::m');
  });
});
