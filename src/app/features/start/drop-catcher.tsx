import { type DragEvent, type ReactNode, useEffect, useState } from 'react';
import { isLoomError } from '../../../core/index.ts';
import { Shown } from '../../parts/shown.tsx';
import { collectDrop, loadGatherDrop } from '../../sources/collect-drop.ts';
import { openLocal } from '../../state/follow-address.ts';

/** Takes files and folders dropped anywhere on the page. */
export function DropCatcher({ children }: { readonly children: ReactNode }) {
  const [over, setOver] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => void loadGatherDrop().catch(() => undefined), []);
  const hasFiles = (event: DragEvent) => event.dataTransfer.types.includes('Files');
  const enter = (event: DragEvent) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'copy';
    setOver(true);
  };
  const leave = (event: DragEvent) => {
    if (event.relatedTarget === null || !event.currentTarget.contains(event.relatedTarget as Node)) setOver(false);
  };
  const drop = (event: DragEvent) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    setOver(false);
    setProblem(null);
    collectDrop(event.dataTransfer).then(openLocal, (error: unknown) =>
      setProblem(isLoomError(error) ? error.message : String(error)),
    );
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the whole page takes drops; the buttons on the start screen do the same by keyboard
    <div
      className="drop-catcher"
      data-over={over || undefined}
      onDragEnter={enter}
      onDragOver={enter}
      onDragLeave={leave}
      onDrop={drop}
    >
      {children}
      {over && (
        <p className="drop-hint" role="status">
          Drop to open. Files never leave this machine.
        </p>
      )}
      {problem !== null && (
        <div className="drop-problem" role="alert">
          <Shown text={problem} />
          <button type="button" className="button small" onClick={() => setProblem(null)}>
            Close
          </button>
        </div>
      )}
    </div>
  );
}
