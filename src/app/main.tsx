import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { installWorkerPolicy } from '../../workers/link/policy.ts';
import { App } from './app.tsx';
import { takeSignInReturn } from './state/access/sign-in.ts';
import { followAddress } from './state/follow-address.ts';
import { prepareOffline } from './state/offline/offline.ts';
import './theme/tokens.css';
import './theme/base.css';
import './theme/parts.css';
import './features/shell/shell.css';

installWorkerPolicy();
takeSignInReturn();
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
