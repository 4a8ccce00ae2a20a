import { type ReactNode, useState } from 'react';
import type { TermId } from '../../core/index.ts';
import { late } from './late.tsx';
import './term.css';

/** The sentences are not in the first load: they come with the first popover. */
const TermPopover = late(async () => (await import('./term-popover.tsx')).TermPopover);

interface TermProps {
  readonly id: TermId;
  /** The term as the text around it writes it. */
  readonly children: ReactNode;
}

/** A term that a reader may not know, as a button: it opens the glossary's sentence. Esc closes it. */
export function Term({ id, children }: TermProps) {
  const [asked, setAsked] = useState(false);
  const button = (
    <button type="button" className="term" aria-haspopup="dialog" aria-expanded="false" onClick={() => setAsked(true)}>
      {children}
    </button>
  );
  if (!asked) return button;
  return (
    <TermPopover id={id} until={button}>
      {children}
    </TermPopover>
  );
}
