import { createRequire } from 'node:module';
import { StateError } from '../error.ts';

const require = createRequire(import.meta.url);

/**
 * A package that the adapter builds on, as the application has it installed.
 *
 * @throws StateError `ERR_STATE_MISSING_DEPENDENCY` that says what to install.
 */
export function peer<Exports>(name: string, adapter: string): Exports {
  try {
    return require(name) as Exports;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw cause;
    throw new StateError('ERR_STATE_MISSING_DEPENDENCY', `${adapter} needs the package ${name}: npm install ${name}`, {
      cause,
    });
  }
}
