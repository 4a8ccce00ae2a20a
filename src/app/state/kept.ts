import { create, type StoreApi, type UseBoundStore } from 'zustand';

/**
 * A store whose state this browser keeps under `name`, in the form that zustand's own `persist` wrote before. What was kept
 * goes through `checked` first: it may be of another version, or of no form at all. A browser that keeps nothing, or has no
 * room, costs the memory of this choice and nothing else.
 */
export function createKept<T extends object>(name: string, checked: (kept: unknown) => T): UseBoundStore<StoreApi<T>> {
  const store = create<T>()(() => checked(read(name)));
  store.subscribe((state) => {
    try {
      localStorage.setItem(name, JSON.stringify({ state, version: 0 }));
    } catch {}
  });
  return store;
}

function read(name: string): unknown {
  try {
    return Reflect.get(Object(JSON.parse(localStorage.getItem(name) ?? 'null')), 'state');
  } catch {
    return undefined;
  }
}
