/** A ref that sets styles by script: the page's policy allows no inline ones. */
export function styled(styles: Readonly<Record<string, string>>) {
  return (element: HTMLElement | SVGElement | null): void => {
    if (!element) return;
    for (const [name, value] of Object.entries(styles)) element.style.setProperty(name, value);
  };
}
