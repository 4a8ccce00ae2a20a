/** Text from files in a card's prose: one line, nothing that Markdown or HTML would act on but code spans. */
export function text(value: string): string {
  return oneLine(value).replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

/** A name in a code span; backticks in it are dropped. */
export function code(value: string): string {
  return `\`${oneLine(value).replaceAll('`', '').replaceAll('|', '\\|')}\``;
}

/** A table; cells are Markdown already. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** A fenced block of code. */
export function fence(language: string, lines: readonly string[]): string {
  return [`\`\`\`${language}`, ...lines.map(oneLine), '```'].join('\n');
}

function oneLine(value: string): string {
  return value.replace(/[\r\n\u2028\u2029]+/g, ' ');
}
