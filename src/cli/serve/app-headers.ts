/** What a page of ours never asks for. */
const NEVER = ['camera', 'display-capture', 'geolocation', 'microphone', 'payment', 'usb', 'serial', 'hid', 'midi'];

/**
 * Headers for every file of the app: the page's own policy, which then holds for its workers too, and what a page cannot say
 * of itself. No site can show the page in a frame except the origins of `framedBy`.
 */
export function serverHeaders(
  policy: string,
  framedBy: readonly string[] = [],
): readonly (readonly [name: string, value: string])[] {
  const isFramed = framedBy.length > 0;
  return [
    ['Content-Security-Policy', `${policy}; frame-ancestors ${isFramed ? framedBy.join(' ') : "'none'"}`],
    ['X-Content-Type-Options', 'nosniff'],
    ['Referrer-Policy', 'no-referrer'],
    ['Permissions-Policy', NEVER.map((feature) => `${feature}=()`).join(', ')],
    ['Cross-Origin-Opener-Policy', 'same-origin'],
    // Together with the one above: memory that threads share, so that layers are computed on every core.
    ['Cross-Origin-Embedder-Policy', 'require-corp'],
    // A frame of an isolated page may show only what allows it.
    ['Cross-Origin-Resource-Policy', isFramed ? 'cross-origin' : 'same-origin'],
  ];
}
