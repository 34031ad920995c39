import { createRequire } from 'node:module';
import { StateError } from '../error.ts';
import { systemCode } from '../../contract/system-code.ts';

const require = createRequire(import.meta.url);

/**
 * Loads a package that the adapter builds on, as the application has installed it.
 *
 * @throws StateError `ERR_STATE_MISSING_DEPENDENCY` that says what to install.
 */
export function peer(name: string, adapter: string): unknown {
  try {
    return require(name);
  } catch (cause) {
    if (systemCode(cause) !== 'MODULE_NOT_FOUND') throw cause;
    throw new StateError('ERR_STATE_MISSING_DEPENDENCY', `${adapter} needs the package ${name}: npm install ${name}`, {
      cause,
    });
  }
}
