/**
 * The job of a cluster that this process is a part of, with how often it was started again: `SLURM_JOB_ID` and
 * `SLURM_RESTART_COUNT`, which Slurm leaves out at the first start. Undefined outside of Slurm.
 */
export function jobOf(
  env: Readonly<Record<string, string | undefined>>,
): { readonly id: string; readonly restart: number } | undefined {
  const { SLURM_JOB_ID: id = '', SLURM_RESTART_COUNT: count = '0' } = env;
  if (!/^\d{1,12}$/.test(id)) return undefined;
  return { id: `slurm:${id}`, restart: /^\d{1,6}$/.test(count) ? Number(count) : 0 };
}
