/** A program of somebody who installed the package, in TypeScript: it uses each subpath once. Compiled as it is, and run without its types. */
export const CONSUMER = `
import { type CompareReport, compareReport, correspond } from 'moe-loom/compare';
import { createMemorySink, runPlan } from 'moe-loom/convert';
import { parseRepoReference, type RepoReference } from 'moe-loom/hub';
import { type Checkpoint, detectLayout, openCheckpoint } from 'moe-loom/layouts';
import { predictLoads } from 'moe-loom/loads';
import { openFolder } from 'moe-loom/node';
import { type ConversionPlan, planConversion } from 'moe-loom/plan';
import { ranksOf } from 'moe-loom/ranks';
import { type FileSet, readHeader } from 'moe-loom/safetensors';

const reference: RepoReference = parseRepoReference('org/name@v1');
const files: FileSet = await openFolder('model');
const source = await files.open('model-00001-of-00003.safetensors');
const header = await readHeader(source, { file: 'model-00001-of-00003.safetensors' });
const checkpoint: Checkpoint = await openCheckpoint(files);
const plan: ConversionPlan = planConversion(checkpoint, 'stacked');
const sink = createMemorySink();
const { verified } = await runPlan(plan, { files, sink });
const report: CompareReport = compareReport(correspond(checkpoint, await openCheckpoint(sink.files())), null);
const { ranks } = ranksOf(checkpoint, detectLayout(checkpoint), { framework: 'transformers-5', ep: 4 });
const verdicts = predictLoads(checkpoint);
console.log(
  JSON.stringify({
    hub: reference.repo,
    safetensors: header.tensors.size,
    layouts: detectLayout(checkpoint).layout,
    plan: plan.shards.length,
    convert: verified.equal,
    compare: report.equal,
    ranks: ranks.length,
    loads: verdicts.length > 5,
  }),
);
`;

/** The same as JavaScript: what it says of types is on a line's \`type X\` and \`: X =\` alone. */
export function withoutTypes(text: string): string {
  return text
    .replaceAll(/\btype \w+, /g, '')
    .replaceAll(/, type \w+/g, '')
    .replaceAll(/^(const \w+): \w+ =/gm, '$1 =');
}
