import { jobFile, jobFiles } from '../../../core/index.ts';
import { move } from '../../state/address-store.ts';
import { openLocal } from '../../state/follow-address.ts';

/** Opens what a conversion left in the browser storage in place of its source, where its verdicts are. */
export async function openResult(job: string, target: string): Promise<void> {
  const entries = await (await jobFiles(job)).list();
  const files = await Promise.all(entries.map(async ({ name }) => ({ path: name, file: await jobFile(job, name) })));
  openLocal({ kind: 'files', name: `converted to ${target}`, files });
  move({ view: 'loads' });
}
