import { jobLock, jobsInUse } from '../../core/index.ts';

let release = () => {};
/** The job that this page holds. */
let mine: string | null = null;

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
        if (lock) mine = job;
        resolve(lock !== null);
        return lock ? held : undefined;
      })
      .catch(() => resolve(true));
  });
}

/** The job may be removed by any tab again. */
export function letGoOfJob(): void {
  mine = null;
  release();
}

/** Says of a job whether another tab writes or shows it now; never true where the browser knows no locks. */
export async function heldElsewhere(): Promise<(job: string) => boolean> {
  const inUse = await jobsInUse();
  return (job) => job !== mine && inUse(job);
}
