import { runPlan } from 'moe-loom/convert';
import { openCheckpoint } from 'moe-loom/layouts';
import { openFolder, openFolderOutput } from 'moe-loom/node';
import { describePlan, planConversion } from 'moe-loom/plan';

const [, , folder = 'model', target = 'stacked', out = 'converted'] = process.argv;
const files = await openFolder(folder);
const plan = planConversion(await openCheckpoint(files), target);
console.log(describePlan(plan).join('\n'));
const output = await openFolderOutput(out, plan, files, { source: folder, unfinished: 'refuse' });
const { verified } = await runPlan(plan, { files, ...output });
console.log(
  `Read back ${verified.tensors} tensors, ${verified.bytes} bytes: ${verified.equal ? 'all equal' : 'not equal'}`,
);
