/**
 * The last step of `npm run build`: writes what belongs to the bundles and names their parts, from the modules that the build
 * recorded, and the declarations of the library. `dist/THIRD-PARTY-NOTICES.md` and `dist/sbom.cdx.json` are packed; `dist/hf` is the content of the repository that
 * `hf extensions install` reads.
 */
import { appendFileSync, chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { noticesComment, noticesText } from './notices.ts';
import { bundledPackages, PACKED } from './packages.ts';
import { type Root, sbom } from './sbom.ts';
import { writeTypes } from './types.ts';

const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

const root = JSON.parse(readFileSync(at('package.json'), 'utf8')) as Root;
const packages = bundledPackages();
const within = (...names: readonly string[]) =>
  packages
    .map((each) => ({ ...each, bundles: each.bundles.filter((bundle) => names.includes(bundle)) }))
    .filter(({ bundles }) => bundles.length > 0);

writeTypes();

const packed = within(...PACKED);
writeFileSync(at('dist/THIRD-PARTY-NOTICES.md'), noticesText(packed));
writeFileSync(at('dist/sbom.cdx.json'), json(sbom(root, packed)));

const extension = within('hf');
appendFileSync(at('dist/hf/hf-moe'), noticesComment(extension));
chmodSync(at('dist/hf/hf-moe'), 0o755);
chmodSync(at('dist/cli/moe-loom.js'), 0o755);
copyFileSync(at('LICENSE'), at('dist/hf/LICENSE'));
writeFileSync(at('dist/hf/sbom.cdx.json'), json(sbom(root, extension)));
writeFileSync(at('dist/hf/manifest.json'), json({ description: root.description }));
// Node would take the extension for an ES module below the package.json of this project.
writeFileSync(at('dist/hf/package.json'), json({ private: true, type: 'commonjs' }));
