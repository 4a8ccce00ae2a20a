import { readFile } from 'node:fs/promises';
import { rankModelOfConfig, summarize } from 'moe-loom/ranks';

const [, , path = 'config.json', framework = 'vllm', ep = '8'] = process.argv;
const model = rankModelOfConfig(JSON.parse(await readFile(path, 'utf8')));
const summary = summarize(model, { framework, ep: Number(ep) });
if (summary.error) throw new Error(summary.error);
for (const { rank, experts } of summary.ranks) {
  console.log(`rank ${rank} holds experts ${experts.map(([start, end]) => `${start} to ${end - 1}`).join(', ')}`);
}
