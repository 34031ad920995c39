/** Helpers for the page's elements. */
import { printable } from '../../../format/printable.ts';

type Child = Node | string;

/**
 * Creates an element with attributes and children. No text is ever parsed as HTML, because names and reasons come from
 * other processes.
 */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.map((child) => (typeof child === 'string' ? printable(child) : child)));
  return made;
}

const SVG = 'http://www.w3.org/2000/svg';

export function svg(tag: string, attributes: Readonly<Record<string, string>> = {}, ...children: Node[]): SVGElement {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Creates one of the symbols in index.html. The text beside a symbol says the same. */
export function shape(name: string): SVGElement {
  return svg('svg', { class: 'shape', 'aria-hidden': 'true' }, svg('use', { href: `#shape-${name}` }));
}

/** Sets a text only when it differs: the browser has less to do, and a selection stays. */
export function setText(target: Element, text: string): void {
  const shown = printable(text);
  if (target.textContent !== shown) target.textContent = shown;
}

export function setAttribute(target: Element, name: string, value: string): void {
  const shown = printable(value);
  if (target.getAttribute(name) !== shown) target.setAttribute(name, shown);
}

/** Finds an element of index.html. */
export function find(selector: string, within: ParentNode = document): HTMLElement {
  const found = within.querySelector<HTMLElement>(selector);
  if (found === null) throw new Error(`index.html has no ${selector}`);
  return found;
}
