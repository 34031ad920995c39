import { paths } from './paths.ts';

const root = paths.bench.replace(/bench\/$/, '');

/** As one would type it in the repository: where things were on the machine that ran it tells a reader nothing. */
export const withoutPlaces = (text: string): string =>
  text
    .replaceAll(/\/[^\s"']*\/prefork-bench-\w+\/bin\/node/g, 'node')
    .replaceAll(/\/[^\s"']*\/prefork-bench-\w+\/\d+/g, '$DIRECTORY')
    .replaceAll(root, '')
    .replaceAll(/\/[^\s"']*\/node_modules\/\.bin\//g, '')
    .replaceAll(/\/usr\/(?:local\/)?s?bin\//g, '');
