import type { BundledPackage } from './packages.ts';

const WHERE = {
  app: 'the app',
  cli: 'the command line and the library',
  hf: 'the hf extension',
  'moe-layout': 'the element moe-layout',
  'moe-map': 'the element moe-map',
} as const;

/** `THIRD-PARTY-NOTICES.md`: each package with its version, its licence and the text of it. */
export function noticesText(packages: readonly BundledPackage[]): string {
  const parts = packages.map(({ name, version, license, licenseText, bundles, inside }) =>
    [
      `## ${name} ${version}`,
      '',
      `Licence: ${license}. In ${bundles.map((bundle) => WHERE[bundle]).join(', ')}${inside === null ? '' : `, as part of the files of ${inside}`}.`,
      '',
      '```text',
      licenseText,
      '```',
      '',
    ].join('\n'),
  );
  return [
    '# Third-party notices',
    '',
    'These packages have code in the files of moe-loom. The list is made from the modules of the build.',
    '',
    ...parts,
  ].join('\n');
}

/** The same as a comment for the end of a script that is copied without its neighbours. @throws Error for a text that would end the comment. */
export function noticesComment(packages: readonly BundledPackage[]): string {
  const text = packages.map(
    ({ name, version, license, licenseText }) => `${name} ${version} (${license})\n\n${licenseText}`,
  );
  const whole = ['Third-party notices: code of these packages is in this file.', ...text].join('\n\n---\n\n');
  if (whole.includes('*/')) throw new Error('A licence text holds "*/", so it cannot stand in a comment.');
  return `/*\n${whole}\n*/\n`;
}
