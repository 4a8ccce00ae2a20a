import { type ReactNode, useState } from 'react';
import { Shown } from '../../parts/shown.tsx';
import './stored.css';

/** Runs the work of a row's buttons, and keeps what went wrong for the row to say. */
export function useAttempt(): {
  readonly problem: string | null;
  readonly attempt: (work: () => Promise<void>) => void;
} {
  const [problem, setProblem] = useState<string | null>(null);
  const attempt = (work: () => Promise<void>) => {
    setProblem(null);
    work().catch((error: unknown) => setProblem(error instanceof Error ? error.message : String(error)));
  };
  return { problem, attempt };
}

/** Why a button of a row did not do its work. */
export function Problem({ text }: { readonly text: string | null }) {
  if (text === null) return null;
  return (
    <span className="option-note wrong" role="alert">
      <Shown text={text} />
    </span>
  );
}

interface AskedProps {
  /** What the first button says, and what it says to a screen reader. */
  readonly label: string;
  readonly about: string;
  /** What will happen, and what the button that does it says. */
  readonly question: string;
  readonly confirm: string;
  readonly act: () => void;
  /** The other buttons of the row: gone while the question stands. */
  readonly children?: ReactNode;
}

/** Buttons of a row, the last of which deletes something and asks first. */
export function WithQuestion({ label, about, question, confirm, act, children }: AskedProps) {
  const [asking, setAsking] = useState(false);
  if (!asking)
    return (
      <div className="row">
        {children}
        <button type="button" className="button small" aria-label={`${label} ${about}`} onClick={() => setAsking(true)}>
          {label}
        </button>
      </div>
    );
  const answer = (yes: boolean) => {
    setAsking(false);
    if (yes) act();
  };
  return (
    <fieldset className="stored-question">
      <legend>{question}</legend>
      <div className="row">
        {/* biome-ignore lint/a11y/noAutofocus: the button that asked is gone, and the focus with it */}
        <button type="button" className="button small" autoFocus onClick={() => answer(false)}>
          Keep
        </button>
        <button type="button" className="button small" onClick={() => answer(true)}>
          {confirm}
        </button>
      </div>
    </fieldset>
  );
}
