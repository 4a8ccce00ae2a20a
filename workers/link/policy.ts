/** What is used of Trusted Types, which not every browser has. */
interface TrustedTypesHere {
  readonly defaultPolicy: unknown;
  createPolicy(name: 'default', rules: { readonly createScriptURL: (address: string) => string }): unknown;
}

/**
 * Where the page's policy requires Trusted Types, lets scripts start workers of this page's own origin, and no others.
 * There is no rule for HTML or code in strings: both stay refused. Page and workers call it before they start a worker.
 */
export function installWorkerPolicy(scope: object = globalThis): void {
  const { trustedTypes, location } = scope as {
    readonly trustedTypes?: TrustedTypesHere;
    readonly location: { readonly href: string; readonly origin: string };
  };
  if (!trustedTypes || trustedTypes.defaultPolicy) return;
  trustedTypes.createPolicy('default', {
    createScriptURL: (address) => {
      const { protocol, origin } = new URL(address, location.href);
      if (/^https?:$/.test(protocol) && origin === location.origin) return address;
      throw new TypeError(`A script may not come from ${origin}.`);
    },
  });
}
