import { inspectCheckpoint, openCheckpoint } from 'moe-loom/layouts';
import { openFolder } from 'moe-loom/node';

const [, , folder = 'model'] = process.argv;
const checkpoint = await openCheckpoint(await openFolder(folder));
const { modelType, tensors, bytes, layout, layers, findings } = inspectCheckpoint(checkpoint);
console.log(`${modelType}: ${layout}, ${tensors} tensors, ${bytes} bytes`);
for (const { prefix, kind, experts } of layers) console.log(prefix, kind, experts ?? '');
for (const { severity, message } of findings) console.log(severity, message);
