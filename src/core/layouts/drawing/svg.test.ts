import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { HOSTILE } from '../../embed/hostile.fixture.ts';
import { visible } from '../../embed/visible.ts';
import { INKS, textureOf } from './inks.ts';
import { type Picture, words } from './picture.ts';
import { ROLES } from './role.ts';
import { rolesIn, svgOf } from './svg.ts';

const picture = (name: string): Picture => ({
  width: 100,
  height: 40,
  title: name,
  description: name,
  marks: [
    { kind: 'box', x: 0, y: 0, width: 50, height: 20, ink: 'gate', edge: 'text', title: name },
    { kind: 'box', x: 50, y: 0, width: 50, height: 20, ink: 'gate-up' },
    { kind: 'ribbon', from: [0, 10], to: [40, 50], top: 20, bottom: 40, ink: 'gate', expert: 3, title: name },
    { kind: 'box', x: 0, y: 0, width: 9, height: 9, ink: null, expert: 3 },
    words(0, 30, name),
  ],
});

/** What Python's XML parser reads: names of elements and attributes, and all texts. */
const READER = `
import json, sys, xml.etree.ElementTree as tree
out = []
for text in json.load(sys.stdin):
    root = tree.fromstring(text)
    out.append({
        'elements': sorted({each.tag.split('}')[1] for each in root.iter()}),
        'attributes': sorted({name for each in root.iter() for name in each.attrib}),
        'texts': [each.text for each in root.iter() if each.text and each.text.strip()],
    })
json.dump(out, sys.stdout)
`;

interface Read {
  readonly elements: readonly string[];
  readonly attributes: readonly string[];
  readonly texts: readonly string[];
}

describe('an SVG file', () => {
  it('holds hostile names as texts: no element, attribute or address comes of them', () => {
    const files = HOSTILE.map((name) => svgOf(picture(name), { scheme: 'light', notes: [name] }));
    const read: readonly Read[] = JSON.parse(
      execFileSync('python3', ['-c', READER], { input: JSON.stringify(files), encoding: 'utf8' }),
    );
    const [plain] = read;
    HOSTILE.forEach((name, at) => {
      expect(read[at]?.elements).toEqual(plain?.elements);
      expect(read[at]?.attributes).toEqual(plain?.attributes);
      const shown = visible(name);
      if (shown.trim() !== '') expect(read[at]?.texts.filter((text) => text === shown)).toHaveLength(7);
    });
    for (const element of ['script', 'image', 'a', 'foreignObject', 'style', 'use'])
      expect(plain?.elements).not.toContain(element);
    expect(plain?.attributes.filter((name) => /^on|href/.test(name))).toEqual([]);
  });

  it('has a legend of what it paints: of gate and up where they alternate', () => {
    expect(rolesIn(picture('a').marks)).toEqual(['gate', 'up', 'gate-up']);
    const file = svgOf(picture('a'), { scheme: 'dark', notes: [] });
    expect(file).toContain(INKS.dark.gate);
    expect(file).not.toContain(INKS.light.gate);
  });
});

describe('a chosen expert', () => {
  const marked = (expert: number | null) => svgOf(picture('a'), { scheme: 'light', notes: [], expert });

  it('has its ribbons in full, and a frame where it is in the stack', () => {
    expect(marked(3).match(/<path d="M0 20C0 30 40 30 40 40H50C50 30 10 30 10 20Z"/g)).toHaveLength(3);
    expect(marked(3)).toContain('<rect x="-1" y="-1" width="11" height="11" fill="none"');
    expect(marked(3)).toContain('Expert 3 is marked.');
  });

  it('leaves no trace where none is chosen, or one that is not there', () => {
    for (const expert of [null, 4]) {
      expect(marked(expert)).not.toContain('is marked');
      expect(marked(expert)).not.toContain('width="9"');
      expect(marked(expert)).toBe(marked(null));
    }
  });
});

describe('colours of roles', () => {
  const luminance = (hex: string) => {
    const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
      const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a: string, b: string) => {
    const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (light + 0.05) / (dark + 0.05);
  };

  it.each(['light', 'dark'] as const)('stand 3 to 1 from the surface in the %s scheme', (scheme) => {
    const inks = INKS[scheme];
    for (const role of ROLES) expect([role, contrast(inks[role], inks.surface) >= 3]).toEqual([role, true]);
    expect(contrast(inks.text, inks.surface)).toBeGreaterThan(7);
    expect(contrast(inks.quiet, inks.surface)).toBeGreaterThan(4.5);
  });

  it('have a texture where an expert’s projections stand side by side', () => {
    expect(new Set((['gate', 'up', 'down', 'gate-up', 'router'] as const).map(textureOf)).size).toBe(5);
  });

  it('are the page’s own', () => {
    const css = readFileSync(new URL('../../../app/theme/tokens.css', import.meta.url), 'utf8');
    const [light = '', dark = ''] = css.split("[data-theme='dark']");
    for (const [scheme, text] of [
      ['light', light],
      ['dark', dark],
    ] as const)
      for (const role of [...ROLES, 'companion'] as const)
        expect(text).toContain(`--role-${role}: ${INKS[scheme][role]};`);
  });
});
