/** The key in the tab's storage, which ends with the tab. */
const KEY = 'prefork-token';

/** Matches text that can be a bearer token. */
const token = /^[\x21-\x7e]+$/;

/** The right to change something. The token is kept in this tab's storage and nowhere else. */
export class Token {
  /**
   * Takes the token out of the address bar, where a screenshot or a bookmark would capture it. Browsers never send
   * fragments.
   */
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

  /**
   * Stores the token.
   *
   * @returns whether the text can be a token at all.
   */
  set(value: string): boolean {
    const isPossible = token.test(value);
    if (isPossible) sessionStorage.setItem(KEY, value);
    return isPossible;
  }

  forget(): void {
    sessionStorage.removeItem(KEY);
  }
}
