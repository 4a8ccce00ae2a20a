import type { CompatLayout } from '../../../core/index.ts';

/** What tells a layout from the others of its page: its id, and where it comes from. */
export function LayoutName({ layout: { id, hub, target } }: { readonly layout: CompatLayout }) {
  return (
    <span className="compat-layout">
      <span className="mono">{id}</span>{' '}
      <span className="quiet">{hub ? 'on the Hub' : target !== null && `--to ${target}`}</span>
    </span>
  );
}
