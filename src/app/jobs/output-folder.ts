import type { SourceDescriptor } from '../../../workers/inspect/protocol.ts';
import { LoomError } from '../../core/index.ts';
import { isInForeignFrame } from '../parts/framed.tsx';

/** A permission prompt that stays unanswered longer than this is given up. */
export const ANSWER_MS = 20_000;

type PermissionMode = { readonly mode: 'readwrite' };

/** A folder handle with the permission calls that only some browsers have. */
export interface PickedFolder extends FileSystemDirectoryHandle {
  queryPermission?(options: PermissionMode): Promise<PermissionState>;
  requestPermission?(options: PermissionMode): Promise<PermissionState>;
}

type Picker = (options: {
  readonly id: string;
  readonly mode: 'readwrite';
  readonly startIn: string;
}) => Promise<PickedFolder>;

function picker(): Picker | null {
  const found = (globalThis as { showDirectoryPicker?: Picker }).showDirectoryPicker;
  return typeof found === 'function' ? found.bind(globalThis) : null;
}

/** True where a page may write to a folder that a person picks; a frame of another site may not. */
export function canPickFolder(): boolean {
  return picker() !== null && !isInForeignFrame();
}

/**
 * Lets a person pick a folder for the output; null when they pick none.
 *
 * @throws LoomError `output-inside-source`, `output-not-empty`, `permission-lost`.
 */
export async function pickFolder(source: SourceDescriptor): Promise<PickedFolder | null> {
  const pick = picker();
  if (!pick) throw new LoomError('usage', 'This browser cannot write to folders. Use the browser storage.');
  try {
    const handle = await pick({ id: 'moe-loom-output', mode: 'readwrite', startIn: 'downloads' });
    await assertUsable(handle, source);
    return handle;
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'AbortError') return null;
    if (cause instanceof LoomError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LoomError(
      'permission-lost',
      `The browser did not open the folder: ${reason}. Pick another one.`,
      {},
      cause,
    );
  }
}

async function assertUsable(handle: PickedFolder, source: SourceDescriptor): Promise<void> {
  if (source.kind === 'directory' && (await source.handle.resolve(handle)) !== null) {
    throw new LoomError(
      'output-inside-source',
      `${handle.name} is the source or lies inside it. Pick a folder elsewhere.`,
    );
  }
  for await (const held of handle.keys()) {
    if (held === '.DS_Store' || held === 'desktop.ini' || held === 'Thumbs.db') continue;
    throw new LoomError(
      'output-not-empty',
      `The folder ${handle.name} is not empty (it holds ${held}). Pick or make an empty one.`,
    );
  }
}

/**
 * Makes sure that the page may write to a folder, asking where it has to.
 *
 * @throws LoomError `permission-lost` when the answer is no, or none within {@link ANSWER_MS}.
 */
export async function assertWritable(handle: PickedFolder, waitMs: number = ANSWER_MS): Promise<void> {
  const mode = { mode: 'readwrite' } as const;
  const granted = (await handle.queryPermission?.(mode).catch(() => null)) ?? 'granted';
  if (granted === 'granted' || !handle.requestPermission) return;
  const answer = await Promise.race([handle.requestPermission(mode).catch(() => 'denied' as const), later(waitMs)]);
  if (answer === 'granted') return;
  const message =
    answer === null
      ? `The browser asked whether this page may write to ${handle.name}, and no answer came within ${waitMs / 1000} seconds. Pick the folder again, or use the browser storage.`
      : `This page may not write to ${handle.name}. Pick the folder again and allow it, or use the browser storage.`;
  throw new LoomError('permission-lost', message, { file: handle.name });
}

function later(ms: number): Promise<null> {
  return new Promise((resolve) => setTimeout(() => resolve(null), ms));
}
