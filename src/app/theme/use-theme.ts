import { useEffect, useState } from 'react';
import { useChoices } from '../state/choices.ts';

const DARK = '(prefers-color-scheme: dark)';

/** The theme in force, the system's followed where nothing was chosen; written to the page's root element. */
export function useTheme(): 'light' | 'dark' {
  const chosen = useChoices((choices) => choices.theme);
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
