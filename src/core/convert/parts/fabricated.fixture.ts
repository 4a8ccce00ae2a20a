import { closeSync, ftruncateSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { PlanFile } from '../plan-file/types.ts';
import { doneName, openPartPlace, recordPath } from './place.node.ts';
import type { DoneRecord } from './records.node.ts';

/**
 * A folder as the parts of a plan leave it, without their bytes: shards of full size with their headers and holes behind them,
 * and their records. A join that reads nothing back finds it complete.
 */
export async function fabricateParts(folder: string, planFile: PlanFile): Promise<void> {
  const { hash, plan } = planFile;
  const { root, close } = await openPartPlace(folder, planFile, { part: '1/1' });
  close();
  for (const { file, byteLength, header, tensors } of plan.shards) {
    const handle = openSync(join(root, file), 'w');
    writeSync(handle, header);
    ftruncateSync(handle, byteLength);
    closeSync(handle);
    const record: DoneRecord = {
      version: 1,
      plan: hash,
      host: 'made-up',
      part: '1/1',
      at: new Date(0).toISOString(),
      file,
      byteLength,
      digests: tensors.map(({ name, parts }) => [name, parts.map(() => '0'.repeat(16))]),
    };
    writeFileSync(recordPath(root, doneName(file)), `${JSON.stringify(record)}\n`);
  }
}
