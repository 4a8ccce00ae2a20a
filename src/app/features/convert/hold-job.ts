import { jobLock } from '../../../core/index.ts';

let release = () => {};

/** Tells other tabs that this page writes or shows a job, until it lets go or closes. False when another tab holds it. */
export function holdJob(job: string): Promise<boolean> {
  letGoOfJob();
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { locks } = navigator;
  if (!locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    locks
      .request(jobLock(job), { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        return lock ? held : undefined;
      })
      .catch(() => resolve(true));
  });
}

/** The job may be removed by any tab again. */
export function letGoOfJob(): void {
  release();
}
