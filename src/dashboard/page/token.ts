/** Of the tab, gone with it. */
const KEY = 'prefork-token';

/** What a bearer token may look like. */
const token = /^[\x21-\x7e]+$/;

/** The right to change something. Kept in this tab's storage, and nowhere else. */
export class Token {
  /** Takes it out of the address bar, where a screenshot or a bookmark would have it. Fragments are never sent. */
  static fromAddress(): Token {
    const given = new URLSearchParams(location.hash.slice(1)).get('token');
    if (given !== null) history.replaceState(null, '', location.pathname + location.search);
    const held = new Token();
    if (given !== null) held.set(given);
    return held;
  }

  get value(): string | undefined {
    return sessionStorage.getItem(KEY) ?? undefined;
  }

  /** @returns whether it can be one at all. */
  set(value: string): boolean {
    const isPossible = token.test(value);
    if (isPossible) sessionStorage.setItem(KEY, value);
    return isPossible;
  }

  forget(): void {
    sessionStorage.removeItem(KEY);
  }
}
