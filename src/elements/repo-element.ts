import { visible } from '../core/embed/visible.ts';
import { isAbort, isLoomError, LoomError } from '../core/errors.ts';
import { formatBytes } from '../core/units.ts';
import { type OpenedRepo, openShared } from './opened.ts';
import { sheet } from './sheet.ts';

/** What an element drew, for its event. */
export interface Drawn {
  readonly content: readonly Node[];
  /** What the event carries beside repo and commit. */
  readonly detail: Readonly<Record<string, unknown>>;
}

/** The attributes that name a repo; an element adds its own. */
export const REPO_ATTRIBUTES = ['repo', 'revision', 'endpoint'] as const;

/**
 * An element that reads the headers of a Hub repo and draws something of it. Its states: reading, with the bytes that came;
 * drawn; failed, with the error's sentence and a button that reads again.
 *
 * Events: `<name>-ready` with `{ repo, commit, … }`, and `error` with `{ tag, message }`; neither bubbles.
 */
export abstract class RepoElement extends HTMLElement {
  readonly #root = this.attachShadow({ mode: 'open' });
  #abort: AbortController | null = null;
  #waits = false;

  /** Draws what was read. @throws LoomError `usage` for an attribute that does not fit it. */
  protected abstract drawn(opened: OpenedRepo): Drawn;

  connectedCallback(): void {
    this.#root.adoptedStyleSheets = [sheet()];
    this.#later();
  }

  disconnectedCallback(): void {
    this.#abort?.abort();
    this.#abort = null;
  }

  attributeChangedCallback(): void {
    if (this.isConnected) this.#later();
  }

  /** Reads again, after a failure or to see the newest commit. */
  reload(): void {
    this.#later();
  }

  /** Several attributes that are set one after another are one change. */
  #later(): void {
    if (this.#waits) return;
    this.#waits = true;
    queueMicrotask(() => {
      this.#waits = false;
      if (this.isConnected) void this.#load();
    });
  }

  async #load(): Promise<void> {
    const before = this.#abort;
    const abort = new AbortController();
    this.#abort = abort;
    try {
      const opening = this.#open(abort.signal);
      // Only now, so that the same repo is not read twice for another layer.
      before?.abort();
      const opened = await opening;
      if (abort.signal.aborted) return;
      const { content, detail } = this.drawn(opened);
      this.#root.replaceChildren(...content);
      this.#tell(`${this.localName}-ready`, { repo: opened.repo, commit: opened.commit, ...detail });
    } catch (error) {
      before?.abort();
      if (abort.signal.aborted || isAbort(error)) return;
      this.#fail(error);
    }
  }

  async #open(signal: AbortSignal): Promise<OpenedRepo> {
    const repo = this.getAttribute('repo')?.trim() ?? '';
    if (repo === '') throw new LoomError('usage', `<${this.localName}> needs the attribute repo, such as org/name.`);
    const wanted = { repo, revision: this.getAttribute('revision'), endpoint: this.getAttribute('endpoint') };
    const status = paragraph(`Reading the headers of ${visible(repo)}.`);
    status.setAttribute('role', 'status');
    this.#root.replaceChildren(status);
    return openShared(
      wanted,
      (bytes) => {
        status.textContent = `Reading the headers of ${visible(repo)}: ${formatBytes(bytes)}.`;
      },
      signal,
    );
  }

  #fail(error: unknown): void {
    const known = isLoomError(error);
    const tag = known ? error.tag : 'internal';
    const said = known ? error.message : `<${this.localName}> could not draw this: ${String(error)}`;
    const message = visible(said);
    const alert = paragraph(message);
    alert.setAttribute('role', 'alert');
    const again = document.createElement('button');
    again.type = 'button';
    again.textContent = 'Retry';
    again.addEventListener('click', () => this.reload());
    this.#root.replaceChildren(alert, again);
    this.#tell('error', { tag, message });
  }

  #tell(name: string, detail: Readonly<Record<string, unknown>>): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** A number in an attribute; null where there is none. @throws LoomError `usage`. */
export function numberIn(element: HTMLElement, name: string): number | null {
  const text = element.getAttribute(name);
  if (text === null || text === '') return null;
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new LoomError('usage', `The attribute ${name} takes a number from 0 to 999999, not "${text}".`);
}

/** A paragraph of text. */
export function paragraph(text: string, ...classes: readonly string[]): HTMLParagraphElement {
  const made = document.createElement('p');
  made.textContent = text;
  made.classList.add(...classes);
  return made;
}

/** A box that scrolls sideways, which the keyboard can do as well. */
export function scrolling(content: Node, label: string): HTMLDivElement {
  const made = document.createElement('div');
  made.className = 'scroll';
  made.tabIndex = 0;
  made.setAttribute('role', 'region');
  made.setAttribute('aria-label', label);
  made.append(content);
  return made;
}

/** Registers an element unless the page has one of that name. */
export function define(name: string, element: CustomElementConstructor): void {
  if (!customElements.get(name)) customElements.define(name, element);
}
