import { jobLock } from '../../../core/index.ts';

let release = () => {};

/** Tells other tabs that this page writes or shows a job, until it lets go or closes. */
export function holdJob(job: string): void {
  letGoOfJob();
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  void navigator.locks?.request(jobLock(job), () => held).catch(() => undefined);
}

/** The job may be removed by any tab again. */
export function letGoOfJob(): void {
  release();
}
