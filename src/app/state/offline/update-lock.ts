/** Pages that must not lose their parts hold it together; the page that takes a new version holds it alone. */
const NAME = 'moe-loom-version';

let release: (() => void) | null = null;

/** While true, no tab takes a new version of the app, where the browser knows locks. */
export function holdVersion(hold: boolean): void {
  if (!hold) {
    release?.();
    release = null;
    return;
  }
  if (release) return;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  navigator.locks?.request(NAME, { mode: 'shared' }, () => held).catch(() => undefined);
}

/** Runs a task while no page holds the version that it runs; false, and the task is not run, while one does. */
export async function withVersionFree(
  task: () => Promise<void>,
  locks: Pick<LockManager, 'request'> | undefined = navigator.locks,
): Promise<boolean> {
  if (!locks) {
    await task();
    return true;
  }
  return locks.request(NAME, { ifAvailable: true }, async (lock) => {
    if (!lock) return false;
    await task();
    return true;
  });
}
