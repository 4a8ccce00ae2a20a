import type { ConfigChange } from './types.ts';

/**
 * Applies changes to the text of config.json and leaves every other character as it is: numbers keep their spelling,
 * keys their order. A key's path is joined by dots. Keys that are new stand behind the sibling `after` names, else last.
 */
export function editConfig(text: string, changes: readonly ConfigChange[]): string {
  let edited = text;
  for (const change of changes) {
    const path = change.key.split('.');
    const key = path.pop() ?? '';
    const object = locateObject(edited, path);
    if (!object) continue;
    const member = object.members.find((candidate) => candidate.key === key);
    const value = JSON.stringify(change.after, null, 2);
    if (change.removed) {
      if (member) edited = removeMember(edited, object, member);
    } else if (member) {
      const indent = lineIndent(edited, member.keyStart);
      edited = edited.slice(0, member.valueStart) + indented(value, indent) + edited.slice(member.valueEnd);
    } else {
      edited = insertMember(edited, object, key, value);
    }
  }
  return edited;
}

/** Takes a member out with one of the commas beside it, and the white space that was its own. */
function removeMember(text: string, { members, open }: Located, member: Member): string {
  const at = members.indexOf(member);
  const next = members[at + 1];
  if (next) return text.slice(0, member.keyStart) + text.slice(next.keyStart);
  const before = members[at - 1];
  return text.slice(0, before?.valueEnd ?? open + 1) + text.slice(member.valueEnd);
}

interface Member {
  readonly key: string;
  readonly keyStart: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

interface Located {
  readonly open: number;
  readonly members: readonly Member[];
}

/** Where the object at `path` stands in valid JSON text, with its members; null when there is none. */
function locateObject(text: string, path: readonly string[]): Located | null {
  let start = skipSpace(text, 0);
  for (const key of path) {
    const object = readMembers(text, start);
    const member = object?.members.find((candidate) => candidate.key === key);
    if (!member) return null;
    start = member.valueStart;
  }
  return readMembers(text, start);
}

function readMembers(text: string, start: number): Located | null {
  if (text[start] !== '{') return null;
  const members: Member[] = [];
  let at = skipSpace(text, start + 1);
  while (text[at] === '"') {
    const keyEnd = skipValue(text, at);
    const valueStart = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const valueEnd = skipValue(text, valueStart);
    members.push({ key: JSON.parse(text.slice(at, keyEnd)) as string, keyStart: at, valueStart, valueEnd });
    at = skipSpace(text, valueEnd);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return { open: start, members };
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (/[\s]/.test(text[at] ?? '')) at++;
  return at;
}

/** The offset behind the JSON value at `from`; the text is known to be valid. */
function skipValue(text: string, from: number): number {
  let at = from;
  let depth = 0;
  do {
    const character = text[at];
    if (character === '"') at = stringEnd(text, at);
    else if (character === '{' || character === '[') {
      depth++;
      at++;
    } else if (character === '}' || character === ']') {
      depth--;
      at++;
    } else if (depth === 0) return scalarEnd(text, at);
    else at++;
  } while (depth > 0 && at < text.length);
  return at;
}

function stringEnd(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function scalarEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && !/[\s,\]}]/.test(text[at] ?? '')) at++;
  return at;
}

function lineIndent(text: string, at: number): string {
  const line = text.slice(text.lastIndexOf('\n', at) + 1, at);
  return /^\s*$/.test(line) ? line : '';
}

function indented(value: string, indent: string): string {
  return value.replaceAll('\n', `\n${indent}`);
}

/** Puts a new member in alphabetical place when the others are sorted (as transformers writes them), else last. */
function insertMember(text: string, object: Located, key: string, value: string): string {
  const { members } = object;
  const before = members.findLast((member) => member.key < key) ?? members.at(-1);
  if (!before) return `${text.slice(0, object.open + 1)}"${key}": ${value}${text.slice(object.open + 1)}`;
  const indent = lineIndent(text, before.keyStart);
  const separator = text.lastIndexOf('\n', before.keyStart) > object.open ? `,\n${indent}` : ', ';
  return `${text.slice(0, before.valueEnd)}${separator}${JSON.stringify(key)}: ${indented(value, indent)}${text.slice(before.valueEnd)}`;
}
