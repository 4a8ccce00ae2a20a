import { create } from 'zustand';

/** The dialogs that are opened from every view: finding things, and the sheet of keys. */
export type DialogName = 'find' | 'keys';

/** Which of them is open; null for none. */
export const useDialog = create<{ readonly open: DialogName | null }>()(() => ({ open: null }));

/** Opens a dialog and closes the one that was open. */
export function openDialog(open: DialogName): void {
  useDialog.setState({ open });
}

/** Closes whichever is open. */
export function closeDialog(): void {
  useDialog.setState({ open: null });
}
