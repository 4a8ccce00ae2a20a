import { type ReactNode, useEffect, useRef } from 'react';
import { closeDialog } from '../../state/dialog.ts';
import './finding.css';

interface ModalProps {
  readonly label: string;
  readonly className: string;
  readonly children: ReactNode;
}

/** A dialog over the page, which keeps the focus: Esc or a click beside it closes it, and the focus goes back. */
export function Modal({ label, className, children }: ModalProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Esc is the dialog's own key
    <dialog
      ref={dialog}
      className={`modal ${className}`}
      aria-label={label}
      onClose={(event) => !event.currentTarget.open && closeDialog()}
      onClick={(event) => event.target === event.currentTarget && closeDialog()}
    >
      {children}
    </dialog>
  );
}
