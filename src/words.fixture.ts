import { parseSync } from 'vite';

/** One text of a source file that may reach a reader. */
export interface BuiltText {
  readonly text: string;
  /** Line of the file where it begins, from 1. */
  readonly line: number;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly [key: string]: unknown;
}

/** Strings in these places name modules, they are not read by anybody. */
const NOT_READ = new Set(['ImportDeclaration', 'ExportNamedDeclaration', 'ExportAllDeclaration', 'ImportExpression']);

/**
 * The string literals, templates and JSX texts of one TypeScript source, without its comments. A value inside a
 * template is written `{}`, so that a phrase around a value stays one text.
 */
export function builtTexts(file: string, source: string): BuiltText[] {
  const { program, errors } = parseSync(file, source);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`);
  const texts: BuiltText[] = [];
  const add = (text: unknown, start: number) => {
    if (typeof text === 'string' && /\S/.test(text)) texts.push({ text: oneLine(text), line: lineOf(source, start) });
  };
  const visit = (value: unknown, parent: Node | null): void => {
    if (Array.isArray(value)) for (const each of value) visit(each, parent);
    if (!isNode(value)) return;
    if (value.type === 'Literal' || value.type === 'JSXText') {
      if (!parent || !NOT_READ.has(parent.type)) add(value.value, value.start);
      return;
    }
    if (value.type === 'TemplateLiteral') {
      const quasis = value.quasis as readonly { readonly value: { readonly cooked: string | null } }[];
      add(quasis.map((each) => each.value.cooked ?? '').join('{}'), value.start);
    }
    for (const [key, child] of Object.entries(value)) if (key !== 'quasis') visit(child, value);
  };
  visit(program, null);
  return texts;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function lineOf(source: string, at: number): number {
  return source.slice(0, at).split('\n').length;
}
