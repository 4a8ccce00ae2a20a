/** Text that is searched at a stretch. */
const BLOCK_LENGTH = 4_000_000;

/** Names in lower case, joined by line ends: `starts[n]` is where name `first + n` begins. */
export interface NameBlock {
  readonly text: string;
  readonly first: number;
  /** One more than there are names: the last is the text's end. */
  readonly starts: Uint32Array;
}

export function nameBlocks(names: readonly string[]): NameBlock[] {
  const blocks: NameBlock[] = [];
  let lines: string[] = [];
  let starts: number[] = [];
  let length = 0;
  const close = (end: number) => {
    if (lines.length > 0) {
      const text = `${lines.join('\n')}\n`;
      blocks.push({ text, first: end - lines.length, starts: Uint32Array.from([...starts, length]) });
    }
    [lines, starts, length] = [[], [], 0];
  };
  for (const [at, name] of names.entries()) {
    const line = name.toLowerCase();
    lines.push(line);
    starts.push(length);
    length += line.length + 1;
    if (length > BLOCK_LENGTH) close(at + 1);
  }
  close(names.length);
  return blocks;
}
