import { NoExpertsNotice } from './no-experts-notice.tsx';
import { PauseNotice } from './pause-notice.tsx';
import { SignInNotice } from './sign-in-notice.tsx';
import { UnreadNotice } from './unread-notice.tsx';
import { VersionNotice } from './version-notice.tsx';

export { FailureNotice } from './failure-notice.tsx';
export { NotLoaded } from './not-loaded.tsx';
export { UnknownHostNotice } from './unknown-host-notice.tsx';
export { Waiting } from './waiting.tsx';

/** Strips over the view, and the pause below it: what may have to be said of the page, and of the source that is open. */
export function Notices() {
  return (
    <>
      <VersionNotice />
      <SignInNotice />
      <UnreadNotice />
      <NoExpertsNotice />
    </>
  );
}

export { PauseNotice };
