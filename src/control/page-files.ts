/** What the dashboard's page consists of, by the path at which it is asked for. */

export interface PageFile {
  /** In dist/dashboard. */
  readonly name: string;
  readonly contentType: string;
}

export type PagePath = '/' | '/dashboard.css' | '/dashboard.js';

export const pageFiles: Readonly<Record<PagePath, PageFile>> = {
  '/': { name: 'index.html', contentType: 'text/html; charset=utf-8' },
  '/dashboard.css': { name: 'dashboard.css', contentType: 'text/css; charset=utf-8' },
  '/dashboard.js': { name: 'dashboard.js', contentType: 'text/javascript; charset=utf-8' },
};

/** Of the page alone: it loads its own files, asks its own server, and is in nobody's frame. */
export const PAGE_POLICY: string =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
  "frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** The one that a request is for. */
export function pageFileOf(target: string): PageFile | undefined {
  const path = target.split('?')[0]!;
  return Object.hasOwn(pageFiles, path) ? pageFiles[path as PagePath] : undefined;
}
