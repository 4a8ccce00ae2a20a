import { togglePin } from '../../state/pins.ts';

interface PinButtonProps {
  readonly id: string;
  readonly title: string;
  readonly pinned: boolean;
}

/** Pins a program to the top of every list of programs, or unpins it; this browser remembers it. */
export function PinButton({ id, title, pinned }: PinButtonProps) {
  const label = `${pinned ? 'Unpin' : 'Pin'} ${title}`;
  const toggle = () => {
    togglePin(id);
    // The row moves to another list, and its button with it.
    requestAnimationFrame(() => document.getElementById(pinId(id))?.focus({ preventScroll: false }));
  };
  return (
    <button
      id={pinId(id)}
      type="button"
      className="pin"
      aria-label={label}
      aria-pressed={pinned}
      title={pinned ? 'Unpin' : 'Pin: list this program first, on this browser'}
      onClick={toggle}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d="M5.5 1.5h5l-.8 4.7 2.3 2.3v1.5H4V8.5l2.3-2.3ZM8 10v4.5" />
      </svg>
    </button>
  );
}

function pinId(id: string): string {
  return `pin-${id}`;
}
