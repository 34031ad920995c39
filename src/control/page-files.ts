/** The files of the dashboard's page, by their paths in requests. */
import { isKeyOf } from '../contract/tables.ts';

export interface PageFile {
  /** The name of the file in dist/dashboard. */
  readonly name: string;
  readonly contentType: string;
}

export type PagePath = '/' | '/dashboard.css' | '/dashboard.js';

export const pageFiles: Readonly<Record<PagePath, PageFile>> = {
  '/': { name: 'index.html', contentType: 'text/html; charset=utf-8' },
  '/dashboard.css': { name: 'dashboard.css', contentType: 'text/css; charset=utf-8' },
  '/dashboard.js': { name: 'dashboard.js', contentType: 'text/javascript; charset=utf-8' },
};

/** The policy of the page alone. The page loads its own files, asks its own server, and cannot be framed. */
export const PAGE_POLICY: string =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
  "frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** Returns the file that a request asks for. */
export function pageFileOf(target: string): PageFile | undefined {
  const path = target.split('?')[0]!;
  return isKeyOf(pageFiles, path) ? pageFiles[path] : undefined;
}
