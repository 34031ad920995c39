import { element, find, setText, shape } from './parts/dom.ts';
import { looks } from './states.ts';

/** A dialog of index.html. Its button, Esc and its purpose close it. */
class Dialog {
  readonly element: HTMLDialogElement;

  constructor(id: string, submitted: () => void) {
    this.element = find(`#${id}`) as HTMLDialogElement;
    // The page's policy forbids forms to be sent, and none has to be.
    find('form', this.element).addEventListener('submit', (event) => {
      event.preventDefault();
      submitted();
    });
    this.element.querySelector('.cancel')?.addEventListener('click', () => this.element.close());
  }

  open(): void {
    this.element.showModal();
  }

  close(): void {
    this.element.close();
  }
}

export interface Question {
  readonly title: string;
  readonly text: string;
  readonly yes: string;
  /** A number to choose, with its first value. */
  readonly count?: number;
}

/** Asks for a confirmation before anything changes. */
export class Confirmation {
  readonly #dialog = new Dialog('confirm', () => this.#confirmed());
  readonly #count = find('#confirm-count input') as HTMLInputElement;
  #answer: (count: number) => void = () => {};

  ask({ title, text, yes, count }: Question, answer: (count: number) => void): void {
    this.#answer = answer;
    setText(find('#confirm-title'), title);
    setText(find('#confirm-text'), text);
    setText(find('#confirm-yes'), yes);
    find('#confirm-count').hidden = count === undefined;
    this.#count.disabled = count === undefined;
    this.#count.value = String(count ?? '');
    this.#dialog.open();
    if (count === undefined) find('#confirm-yes').focus();
    else this.#count.select();
  }

  #confirmed(): void {
    this.#dialog.close();
    this.#answer(Number(this.#count.value));
  }
}

/** Asks for the token. */
export class TokenDialog {
  readonly #dialog = new Dialog('token', () => this.#entered());
  readonly #input = find('#token input') as HTMLInputElement;
  readonly #wrong = find('#token-wrong');
  readonly #given: (token: string) => boolean;

  /**
   * Creates the dialog.
   *
   * @param given returns whether the text can be a token at all.
   */
  constructor(given: (token: string) => boolean) {
    this.#given = given;
  }

  /**
   * Opens the dialog.
   *
   * @param wrong what is wrong with the token before.
   */
  open(wrong = ''): void {
    setText(this.#wrong, wrong);
    this.#input.value = '';
    if (!this.#dialog.element.open) this.#dialog.open();
    this.#input.focus();
  }

  #entered(): void {
    if (this.#given(this.#input.value.trim())) this.#dialog.close();
    else this.open('A token has letters and digits but no spaces.');
  }
}

export class Help {
  readonly #dialog = new Dialog('shortcuts', () => this.#dialog.close());

  constructor() {
    const legend = find('#legend');
    for (const [state, { shape: form, tone, meaning }] of Object.entries(looks)) {
      legend.append(element('dt', { 'data-tone': tone }, shape(form), state), element('dd', {}, meaning));
    }
  }

  open(): void {
    this.#dialog.open();
  }
}

export function isDialogOpen(): boolean {
  return document.querySelector('dialog[open]') !== null;
}
