import { MisuseError } from '../protocol/errors.ts';

/**
 * Loads a package that only programs with a certain call need. @throws MisuseError ERR_HTTP_PEER that says how to get
 * it
 */
export async function peer<Module>(name: string, call: string, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new MisuseError('ERR_HTTP_PEER', `${call} needs the package ${name}: npm install ${name}`, { cause });
  }
}
