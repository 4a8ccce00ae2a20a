import { openHubRepo } from 'moe-loom/hub';
import { inspectCheckpoint, openCheckpoint } from 'moe-loom/layouts';

const [, , repo = 'Qwen/Qwen3-235B-A22B'] = process.argv;
let read = 0;
const onRequest = ({ phase, bytes }) => {
  if (phase === 'ended') read += bytes;
};
const files = await openHubRepo(repo, { endpoint: process.env.HF_ENDPOINT, onRequest });
const { layout, tensors, bytes } = inspectCheckpoint(await openCheckpoint(files, { index: 'later' }));
console.log(`${files.repo}@${files.commit.slice(0, 7)}: ${layout}, ${tensors} tensors, ${bytes} bytes`);
console.log(`Read ${read} bytes to know this.`);
