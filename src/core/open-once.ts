/** What is opened by name, each once, and stays open until `dispose`. */
export interface OpenedOnce<T> {
  /** The same promise for the same name, also where it was rejected. */
  open(name: string): Promise<T>;
  /** Disposes of everything that could be opened. */
  dispose(): Promise<void>;
}

export function openOnce<T extends { dispose?(): Promise<void> }>(open: (name: string) => Promise<T>): OpenedOnce<T> {
  const opened = new Map<string, Promise<T>>();
  return {
    open: (name) => {
      const known = opened.get(name) ?? open(name);
      opened.set(name, known);
      return known;
    },
    dispose: async () => {
      for (const each of opened.values()) await (await each.catch(() => null))?.dispose?.();
    },
  };
}
