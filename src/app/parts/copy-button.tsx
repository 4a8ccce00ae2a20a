import { useState } from 'react';

/** How long a button says what it did, in ms. */
const SAID_MS = 2000;

interface CopyButtonProps {
  readonly label: string;
  /** What to copy; may have to be fetched first. */
  readonly text: () => string | Promise<string>;
}

/** Copies a text, and says on its own face whether that worked. */
export function CopyButton({ label, text }: CopyButtonProps) {
  const [said, setSaid] = useState<string | null>(null);
  const copy = async () => {
    const done = await copied(text);
    setSaid(done ? 'Copied' : 'Copying was not allowed');
    setTimeout(() => setSaid(null), SAID_MS);
  };
  return (
    <>
      <button type="button" className="button small" onClick={() => void copy()}>
        {said ?? label}
      </button>
      <span className="hidden" role="status">
        {said}
      </span>
    </>
  );
}

async function copied(text: () => string | Promise<string>): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(await text());
    return true;
  } catch {
    return false;
  }
}
