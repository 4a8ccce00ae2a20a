import { useEffect } from 'react';
import { late } from '../../parts/late.tsx';
import { openDialog, useDialog } from '../../state/dialog.ts';
import { dialogOfKey } from './dialog-keys.ts';

const loadPalette = () => import('./palette.tsx');
const Palette = late(async () => (await loadPalette()).Palette);
const KeysSheet = late(async () => (await import('./keys-sheet.tsx')).KeysSheet);

/** The page has been painted and a model is being read by then, in ms. */
const AHEAD_MS = 2000;

/** Finding things and the sheet of keys, over every view: their keys are heard here, their code comes when one is opened. */
export function Finding() {
  const open = useDialog((state) => state.open);
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const dialog = dialogOfKey(event, isTyping(event.target));
      if (dialog === null || event.defaultPrevented) return;
      event.preventDefault();
      openDialog(dialog);
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, []);
  useEffect(() => {
    // What is typed right after the key must not be lost while the code is on its way.
    const timer = setTimeout(() => void loadPalette().catch(() => {}), AHEAD_MS);
    return () => clearTimeout(timer);
  }, []);
  if (open === 'find') return <Palette />;
  return open === 'keys' && <KeysSheet />;
}

/** Buttons and boxes to tick are inputs too, but nobody types there. */
const NOT_TYPED = ['checkbox', 'radio', 'range', 'button', 'submit', 'file'];

function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return !NOT_TYPED.includes(target.type);
  return target instanceof HTMLElement && (target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName));
}
