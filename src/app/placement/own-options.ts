import { frameworkOf, type OwnOptions, type ProgramId, readSettings, type Setting } from '../../core/index.ts';

/** Options of a program's own that are no size by another name, one name for each. */
export function ownSettings(framework: ProgramId): readonly (readonly [name: string, setting: Setting])[] {
  const settings = Object.entries(frameworkOf(framework)?.placement.settings ?? {});
  return settings.filter(([, { of, as, words }]) => of === undefined && as === undefined && !namesStrategy(words));
}

function namesStrategy(words: Setting['words']): boolean {
  return Object.values(words ?? {}).some((meant) => typeof meant === 'string');
}

/** What the entries of an address say to a program; those that it does not know, or that make no sense, are left out. */
export function ownOptions(framework: ProgramId, entries: readonly string[]): OwnOptions | undefined {
  const own: Record<string, OwnOptions[string]> = {};
  for (const entry of entries) {
    const read = readSettings(framework, [entry]);
    if (!('error' in read)) Object.assign(own, read.options.own);
  }
  return Object.keys(own).length > 0 ? own : undefined;
}

/** The words that a program takes for its all-to-all backend; empty where it has no such option. */
export function backendsOf(framework: ProgramId): readonly string[] {
  const settings = Object.values(frameworkOf(framework)?.placement.settings ?? {});
  return Object.keys(settings.find(({ of }) => of === 'all2all')?.words ?? {});
}
