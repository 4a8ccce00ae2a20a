import { type Emitted, emit } from './emitted.ts';
import { replaceHidden, visible } from './visible.ts';

/** Where an annotation of GitHub Actions is shown. */
export interface Annotation {
  readonly level: 'error' | 'warning';
  /** Path below the working folder; null for none. */
  readonly file: string | null;
  readonly title: string;
  readonly message: string;
}

/**
 * A workflow command of GitHub Actions, on one line: `::error file=…,title=…::message`. What would end it, a property or
 * the line is escaped as the runner reads it back; any other hidden character stands as `\u202e`.
 */
export function workflowCommand({ level, file, title, message }: Annotation): Emitted<'workflow'> {
  const properties = [...(file === null ? [] : [`file=${property(file)}`]), `title=${property(title)}`];
  return emit(`::${level} ${properties.join(',')}::${data(message)}`);
}

const LINE_ENDS: Readonly<Record<string, string>> = { '\r': '%0D', '\n': '%0A' };

function data(text: string): string {
  return replaceHidden(text.replaceAll('%', '%25'), (character) => LINE_ENDS[character] ?? visible(character));
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
