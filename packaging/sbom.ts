import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BundledPackage } from './packages.ts';

interface Locked {
  readonly integrity?: string;
}

/** What identifies this package in the document. */
export interface Root {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
}

/**
 * The bill of materials of what is bundled, as CycloneDX 1.6: https://cyclonedx.org/docs/1.6/json/. The same packages give the
 * same document, its serial number too. Hashes are of the published archives, from package-lock.json.
 */
export function sbom(root: Root, packages: readonly BundledPackage[], locked = readLock()) {
  const rootRef = purl(root.name, root.version);
  const components = packages.map(({ name, version, license, bundles, inside }) => {
    const { integrity } = locked[`node_modules/${name}`] ?? {};
    const [, base64] = /^sha512-(\S+)$/.exec(integrity ?? '') ?? [];
    return {
      type: 'library',
      'bom-ref': purl(name, version),
      name,
      version,
      scope: 'required',
      ...(base64 ? { hashes: [{ alg: 'SHA-512', content: Buffer.from(base64, 'base64').toString('hex') }] } : {}),
      licenses: licenses(license),
      purl: purl(name, version),
      properties: [
        ...bundles.map((bundle) => ({ name: 'moe-loom:bundle', value: bundle })),
        ...(inside === null ? [] : [{ name: 'moe-loom:inside', value: inside }]),
      ],
    };
  });
  const body = {
    metadata: {
      lifecycles: [{ phase: 'build' }],
      component: {
        type: 'application',
        'bom-ref': rootRef,
        name: root.name,
        version: root.version,
        description: root.description,
        licenses: licenses(root.license),
        purl: rootRef,
      },
    },
    components,
    dependencies: [
      { ref: rootRef, dependsOn: components.map((component) => component['bom-ref']) },
      ...components.map((component) => ({ ref: component['bom-ref'] })),
    ],
  };
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuid(JSON.stringify(body))}`,
    version: 1,
    ...body,
  };
}

function licenses(license: string) {
  return /^[\w.+-]+$/.test(license) ? [{ license: { id: license } }] : [{ expression: license }];
}

/** https://github.com/package-url/purl-spec, type npm. */
function purl(name: string, version: string): string {
  return `pkg:npm/${name.replace(/^@/, '%40')}@${version}`;
}

/** A UUID of version 8 (RFC 9562, 5.8) from the content. */
function uuid(content: string): string {
  const hex = createHash('sha256').update(content).digest('hex');
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function readLock(): Readonly<Record<string, Locked>> {
  const path = fileURLToPath(new URL('../package-lock.json', import.meta.url));
  return (JSON.parse(readFileSync(path, 'utf8')) as { readonly packages: Readonly<Record<string, Locked>> }).packages;
}
