import { lazy, Suspense, useState } from 'react';

const AccessPopover = lazy(async () => ({ default: (await import('./access-popover.tsx')).AccessPopover }));

/** Access to the Hub; what opens loads when it is first asked for. */
export function Access() {
  const [asked, setAsked] = useState(false);
  const button = (
    <button type="button" className="button small" data-access="" aria-haspopup="dialog" onClick={() => setAsked(true)}>
      Access
    </button>
  );
  if (!asked) return button;
  return (
    <Suspense fallback={button}>
      <AccessPopover />
    </Suspense>
  );
}
