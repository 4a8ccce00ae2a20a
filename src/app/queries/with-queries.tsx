import type { ComponentType } from 'react';

/** Loads a component together with what answers its queries: the first page needs neither. */
export async function withQueries<P extends object>(load: () => Promise<ComponentType<P>>): Promise<ComponentType<P>> {
  const [Part, { Queries }] = await Promise.all([load(), import('./provider.tsx')]);
  return function WithQueries(props: P) {
    return (
      <Queries>
        <Part {...props} />
      </Queries>
    );
  };
}
