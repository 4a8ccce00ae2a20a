import { NoExpertsNotice } from './no-experts-notice.tsx';
import { PauseNotice } from './pause-notice.tsx';
import { SignInNotice } from './sign-in-notice.tsx';
import { UnreadNotice } from './unread-notice.tsx';

export { FailureNotice } from './failure-notice.tsx';
export { UnknownHostNotice } from './unknown-host-notice.tsx';
export { Waiting } from './waiting.tsx';

/** Strips over the view, and the pause below it: what may have to be said of the source that is open. */
export function Notices() {
  return (
    <>
      <SignInNotice />
      <UnreadNotice />
      <NoExpertsNotice />
    </>
  );
}

export { PauseNotice };
