import { useEffect, useState } from 'react';
import { useLook } from '../state/seen/use-look.ts';

const DARK = '(prefers-color-scheme: dark)';

/** The theme in force: the address's, or the system's where none is chosen. It is written to the page's root element. */
export function useTheme(): 'light' | 'dark' {
  const chosen = useLook('theme');
  const [system, setSystem] = useState(() => matchMedia(DARK).matches);
  useEffect(() => {
    const query = matchMedia(DARK);
    const follow = () => setSystem(query.matches);
    query.addEventListener('change', follow);
    return () => query.removeEventListener('change', follow);
  }, []);
  const theme = chosen === 'system' ? (system ? 'dark' : 'light') : chosen;
  if (document.documentElement.dataset.theme !== theme) document.documentElement.dataset.theme = theme;
  return theme;
}
