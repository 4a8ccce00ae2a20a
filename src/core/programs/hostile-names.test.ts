import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { HOSTILE } from '../embed/hostile.fixture.ts';
import { hasPython, readByPython, readTomls, readYamls } from '../embed/python-reader.fixture.ts';
import { visible } from '../embed/visible.ts';
import type { ConfigFile } from '../handoff/config.ts';
import { readModelConfig } from '../ranks/memory/configs.fixture.ts';
import { shapeFromConfig } from '../ranks/memory/shape-config.ts';
import type { ProgramId } from './all.ts';
import { parseToml, parseYaml } from './config.fixture.ts';
import { CONFIGURED, configFor } from './configuring.ts';

const shape = shapeFromConfig(readModelConfig('Qwen3-235B-A22B'));
const PYTHON = hasPython();
const root = mkdtempSync(join(tmpdir(), 'moe-loom-hostile-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A configuration that names the model, in a mesh that the program takes; null where it names none or refuses the name. */
function configOf(kind: ProgramId, model: string, contradictions?: string[]): ConfigFile | null {
  const options = { framework: kind, ep: 1 };
  const file = configFor(kind, { model, shape: contradictions ? { ...shape, contradictions } : shape, options });
  return 'error' in file ? null : file;
}

/** What a program is given for a name: no flag, and nothing that no argument or file can hold. */
function given(name: string): string {
  const whole = name.replaceAll('\0', '').replace(/\p{Surrogate}/gu, '\ufffd');
  return whole.startsWith('-') ? `./${whole}` : whole;
}

const KINDS = CONFIGURED.map(({ id }) => id);
const made = KINDS.flatMap((kind) => {
  const benign = configOf(kind, 'org/name', ['A sentence.']);
  if (benign === null) return [];
  return HOSTILE.flatMap((name) => {
    const file = configOf(kind, name, [`A sentence with ${name}.`]);
    return file === null ? [] : [{ kind, name, file, benign }];
  });
});
const ofFormat = (ending: string) => made.filter(({ file }) => file.file.endsWith(ending));
/** What is read of the one program that takes TOML. */
interface PrimeToml {
  readonly model: { readonly name: string };
}

const usesModel = (file: ConfigFile) => file.text.includes('org/name');
const body = (text: string) => text.replace(/^(?:#.*\n)*/, '');

/** What bash says of a script. */
interface InBash {
  /** Exit code and complaints of `bash -n`, which only reads it. */
  readonly syntax: string;
  readonly stdout: string;
  /** Files in the working folder after it ran. */
  readonly left: string;
}

/** Checks the script `$1/<number>` and runs it, for each number; what comes of it stands beside it. */
const DRIVER = `shopt -s nullglob dotglob
for ((at = 0; at < $2; at++)); do
  bash -n <"$1/$at" 2>"$1/$at.complaints"
  printf '%s' "$?" >"$1/$at.code"
  bash -s <"$1/$at" >"$1/$at.out" 2>/dev/null
  left=(*)
  printf '%s' "\${left[*]}" >"$1/$at.left"
done`;

/** Has bash read and run scripts, each in a process that gets it on standard input; what it says, by script. */
function runInBash(
  texts: ReadonlySet<string>,
  options: { readonly env: NodeJS.ProcessEnv; readonly cwd: string },
): ReadonlyMap<string, InBash> {
  const folder = mkdtempSync(join(root, 'scripts-'));
  for (const [at, text] of [...texts].entries()) writeFileSync(join(folder, String(at)), text);
  const { status } = spawnSync('bash', ['-c', DRIVER, 'bash', folder, String(texts.size)], options);
  if (status !== 0) throw new Error(`bash ended with ${status}`);
  const told = (at: number) => {
    const read = (what: string) => readFileSync(join(folder, `${at}.${what}`), 'utf8');
    return { syntax: `${read('code')} ${read('complaints')}`, stdout: read('out'), left: read('left') };
  };
  return new Map([...texts].map((text, at) => [text, told(at)]));
}

describe('configurations for hostile names', () => {
  it('are made for most programs, in every format', () => {
    expect(HOSTILE.length).toBeGreaterThanOrEqual(40);
    expect(new Set(HOSTILE).size).toBe(HOSTILE.length);
    for (const ending of ['.sh', '.py', '.yaml', '.toml', '.json']) expect(ofFormat(ending).length).toBeGreaterThan(0);
    expect(new Set(made.map(({ kind }) => kind)).size).toBeGreaterThan(12);
  });

  it('hold no character that hides, and a comment for each sentence, on one line', () => {
    for (const { file, benign } of made) {
      const lines = file.text.split('\n');
      expect(lines.map(visible)).toEqual(lines);
      const comments = (text: string) => (/^(?:#.*\n)*/.exec(text)?.[0] ?? '').split('\n').length;
      expect(comments(file.text)).toBe(comments(benign.text));
      expect(file.text).not.toMatch(/^#.*coding[:=]/im);
    }
  });

  it.skipIf(!PYTHON)('are the same Python, as Python parses it, but for the name', () => {
    const files = ofFormat('.py');
    const trees = readByPython(files.map(({ file }) => file.text));
    const benign = readByPython(files.map((each) => each.benign.text));
    for (const [at, { name, benign: text }] of files.entries()) {
      expect([name, trees[at]?.tree]).toEqual([name, benign[at]?.tree]);
      // JSON between the processes keeps a lone surrogate, as Python does.
      if (usesModel(text)) expect(trees[at]?.strings).toContain(name.replaceAll('\0', '').replace(/^-/, './-'));
    }
  });

  it('are one command to bash, which gets the name as one word, and leave no file behind', () => {
    const stubs = join(root, 'stubs');
    const sandbox = join(root, 'sandbox');
    mkdirSync(stubs);
    mkdirSync(sandbox);
    for (const command of ['vllm', 'python', 'python3', 'torchrun', 'accelerate']) {
      writeFileSync(join(stubs, command), '#!/bin/bash\nprintf "%s\\0" "$@"\n');
      chmodSync(join(stubs, command), 0o755);
    }
    const scripts = ofFormat('.sh');
    // One bash runs them all: a process for each, started from here, takes many times as long.
    const ran = runInBash(new Set(scripts.flatMap(({ file, benign }) => [file.text, benign.text])), {
      env: { PATH: `${stubs}:/usr/bin:/bin`, HOME: sandbox, LC_ALL: 'C' },
      cwd: sandbox,
    });
    for (const { name, file, benign } of scripts) {
      const [own, plain] = [ran.get(file.text), ran.get(benign.text)];
      expect([name, own?.syntax, own?.left]).toEqual([name, '0 ', '']);
      if (!usesModel(benign)) continue;
      const words = plain?.stdout.split('\0') ?? [];
      expect(words.some((word) => word.includes('org/name'))).toBe(true);
      expect(own?.stdout.split('\0')).toEqual(words.map((word) => word.replace('org/name', () => given(name))));
    }
    expect(readdirSync(sandbox)).toEqual([]);
  }, 120_000);

  it('are the same YAML, TOML and JSON but for the name', () => {
    const read = { '.yaml': parseYaml, '.toml': parseToml, '.json': JSON.parse };
    for (const [ending, parse] of Object.entries(read)) {
      for (const { name, file, benign } of ofFormat(ending)) {
        const expected = JSON.stringify(parse(body(benign.text)), (_, value) =>
          value === 'org/name' ? given(name) : value,
        );
        expect(parse(body(file.text))).toEqual(JSON.parse(expected));
      }
    }
  });

  it.skipIf(!PYTHON)('are so to the readers of Python, too', () => {
    const tomls = ofFormat('.toml');
    const names = readTomls(tomls.map(({ file }) => file.text)).map((value) => (value as PrimeToml).model.name);
    expect(names).toEqual(tomls.map(({ name }) => given(name)));
    const yamls = ofFormat('.yaml');
    const values = readYamls(yamls.map(({ file }) => file.text));
    if (values) expect(values).toEqual(yamls.map(({ file }) => parseYaml(body(file.text))));
  });
});
