import { PROGRAMS } from '../../core/index.ts';

/** Repos of programs, by the short name that sources call them with the number of an issue. */
const REPOS: ReadonlyMap<string, string> = new Map(
  PROGRAMS.flatMap(({ repository }) =>
    repository ? [[repository.slice(repository.indexOf('/') + 1), repository]] : [],
  ),
);

const PIECES = /(`[^`]+`|https:\/\/[^\s,;)]+|\b[\w.-]+#\d+\b)/;

/** A sentence with code between backticks, and addresses and issues as links. */
export function RichText({ text }: { readonly text: string }) {
  return text.split(PIECES).map((piece, at) => {
    // biome-ignore lint/suspicious/noArrayIndexKey: pieces of a sentence have no identity but their place
    if (piece.startsWith('`') && piece.length > 2) return <code key={at}>{piece.slice(1, -1)}</code>;
    const href = addressOf(piece);
    if (href === null) return piece;
    return (
      // biome-ignore lint/suspicious/noArrayIndexKey: see above
      <a key={at} href={href} target="_blank" rel="noreferrer">
        {piece}
      </a>
    );
  });
}

function addressOf(piece: string): string | null {
  if (piece.startsWith('https://')) return piece;
  const [, name = '', number = ''] = /^([\w.-]+)#(\d+)$/.exec(piece) ?? [];
  const repo = REPOS.get(name);
  return repo === undefined ? null : `https://github.com/${repo}/issues/${number}`;
}
