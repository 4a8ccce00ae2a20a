/** Milliseconds of work after which messages that have arrived are answered first. */
const TURN_MS = 12;

/**
 * Runs steps to their end and gives their result. Messages that arrive meanwhile are answered between steps, so that a
 * long answer does not delay short ones.
 */
export async function inTurns<T>(steps: Iterator<unknown, T>): Promise<T> {
  let began = performance.now();
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    if (performance.now() - began < TURN_MS) continue;
    await new Promise((resolve) => setTimeout(resolve, 0));
    began = performance.now();
  }
}
