import { spawnSync } from 'node:child_process';

/** False, with a loud line, where there is no Python: then what Python reads is not tested. */
export function hasPython(): boolean {
  if (spawnSync('python3', ['--version']).status === 0) return true;
  console.error('NOT TESTED: there is no python3 here, so no emitted program was parsed by Python itself.');
  return false;
}

/** What Python's own parsers make of a text. */
export interface ReadByPython {
  /** The tree without the values of strings; null where it is no Python. */
  readonly tree: string | null;
  /** All strings of the tree in order; lone surrogates as they are. */
  readonly strings: readonly string[];
}

const READER = `
import ast, json, sys
def read(text):
    try:
        # As a file is read: with the encoding that its first lines may name.
        tree = ast.parse(text.encode("utf-8", "surrogatepass"))
    except Exception as error:
        return {"tree": None, "strings": [repr(error)]}
    strings = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            strings.append(node.value)
            node.value = "s"
    return {"tree": ast.dump(tree), "strings": strings}
print(json.dumps([read(text) for text in json.load(sys.stdin)]))
`;

/** Python's syntax tree of each text, all in one run. */
export function readByPython(texts: readonly string[]): readonly ReadByPython[] {
  return runPython(READER, texts) as ReadByPython[];
}

const TOML = `
import json, sys, tomllib
print(json.dumps([tomllib.loads(text) for text in json.load(sys.stdin)]))
`;

/** TOML as Python's own reader reads it. */
export function readTomls(texts: readonly string[]): readonly unknown[] {
  return runPython(TOML, texts) as unknown[];
}

const YAML = `
import json, sys
try:
    import yaml
except ImportError:
    print("null")
    sys.exit(0)
print(json.dumps([yaml.safe_load(text) for text in json.load(sys.stdin)], default=str))
`;

/** YAML as PyYAML reads it; null, with a loud line, where it is not installed. */
export function readYamls(texts: readonly string[]): readonly unknown[] | null {
  const values = runPython(YAML, texts) as unknown[] | null;
  if (values === null) console.error('NOT TESTED: PyYAML is not installed, so it read no emitted YAML.');
  return values;
}

function runPython(program: string, value: unknown): unknown {
  const ran = spawnSync('python3', ['-c', program], {
    input: JSON.stringify(value),
    maxBuffer: 512e6,
    encoding: 'utf8',
  });
  if (ran.status !== 0) throw new Error(ran.stderr);
  return JSON.parse(ran.stdout);
}
