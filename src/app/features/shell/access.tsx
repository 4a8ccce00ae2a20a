import { useState } from 'react';
import { late } from '../../parts/late.tsx';
import { useAccessLabel } from './access-label.ts';

const AccessPopover = late(async () => (await import('./access-popover.tsx')).AccessPopover);

/** Access to the Hub; what opens loads when it is first asked for. */
export function Access() {
  const [asked, setAsked] = useState(false);
  const label = useAccessLabel();
  const button = (
    <button type="button" className="button small" data-access="" aria-haspopup="dialog" onClick={() => setAsked(true)}>
      {label}
    </button>
  );
  if (!asked) return button;
  return <AccessPopover until={button} />;
}
