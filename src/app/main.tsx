import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { installWorkerPolicy } from '../../workers/link/policy.ts';
import { isSignInReturn } from '../core/index.ts';
import { App } from './app.tsx';
import { readServedNote } from './state/access/served.ts';
import { followAddress } from './state/follow-address.ts';
import { prepareOffline } from './state/offline/offline.ts';
import './theme/tokens.css';
import './theme/base.css';
import './theme/parts.css';
import './features/shell/shell.css';

installWorkerPolicy();
await readServedNote();
// The answer to a sign-in is taken out of the address before anything else sees it.
if (isSignInReturn(window.location.href)) (await import('./state/access/sign-in.ts')).takeSignInReturn();
followAddress();
const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
prepareOffline();
