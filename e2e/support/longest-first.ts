import { resolve } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take longest, or mostly wait: begun last, they would run alone at the end. By path from the project's root. */
const LONGEST = [
  'src/cli/faults.test.ts',
  'workers/convert/convert.browser.test.ts',
  'src/core/kernels/kernels.browser.test.ts',
  'src/cli/damages.test.ts',
  'src/cli/tensors.test.ts',
  'src/cli/terminal.test.ts',
  'src/cli/doors.test.ts',
  'src/cli/proven.test.ts',
  'src/cli/parity.test.ts',
  'src/cli/hostile-memory.test.ts',
].map((path) => resolve(import.meta.dirname, '../..', path));

/** The order of test files: those that are known to be long, then as Vitest orders them. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const others = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification) => {
      const at = LONGEST.indexOf(moduleId);
      return at === -1 ? LONGEST.length : at;
    };
    return others.toSorted((a, b) => rank(a) - rank(b));
  }
}
