/**
 * Lets this thread do what waits for it: answers of a device, of files, of other threads. Sooner than a timer, which
 * browsers hold back.
 */
export function breathe(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
