import { Shown } from '../../parts/shown.tsx';
import { dismissSignInError, useSignIn } from '../../state/access/sign-in.ts';
import './failure.css';

/** Signing in while it is under way, and why it failed. */
export function SignInNotice() {
  const status = useSignIn((state) => state.status);
  const error = useSignIn((state) => state.error);
  if (status === 'returning') {
    return (
      <p className="strip note" role="status">
        Signing in …
      </p>
    );
  }
  if (!error) return null;
  return (
    <div className="strip note">
      <div className="strip-head">
        <p role="alert">
          <Shown text={error.message} />
        </p>
        <div className="strip-end">
          <button type="button" className="button small" onClick={askAgain}>
            Sign in or enter a token
          </button>
          <button type="button" className="button small" onClick={dismissSignInError}>
            Continue without
          </button>
        </div>
      </div>
    </div>
  );
}

function askAgain(): void {
  dismissSignInError();
  document.querySelector<HTMLElement>('[data-access]')?.click();
}
