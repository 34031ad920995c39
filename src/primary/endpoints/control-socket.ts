import type { Controls } from '../../control/controls.ts';
import { ControlServer } from '../../control/server.ts';
import { PreforkError } from '../../errors.ts';
import type { Settings } from '../../options/index.ts';
import type { Log } from '../telemetry/log.ts';
import type { ControlAddress } from '../supervisor/control-address.ts';
import { messageOf } from '../../contract/message-of.ts';

export interface ControlSocketOptions {
  readonly settings: Settings;
  readonly place: ControlAddress;
  readonly controls: Controls;
  readonly log: Log;
  /** True when this primary succeeds another one, and replaces its socket. */
  readonly replace: boolean;
}

/**
 * Opens the control socket.
 *
 * @returns undefined where it cannot be had: the server then runs without one.
 * @throws PreforkError `ERR_NAME_TAKEN`
 */
export async function openControlSocket(options: ControlSocketOptions): Promise<ControlServer | undefined> {
  const { settings, place, controls, log, replace } = options;
  const { isNameGiven } = settings;
  const { name } = place;
  try {
    const server = await ControlServer.open({
      controls,
      name,
      isNameGiven,
      replace,
    });
    place.opened(server);
    if (server.name !== name) log('name taken', { name, instead: server.name });
    return server;
  } catch (error) {
    if (error instanceof PreforkError && error.code === 'ERR_NAME_TAKEN') {
      log('error', { message: error.message, code: error.code });
      throw error;
    }
    log('no control socket', { message: messageOf(error) });
    return undefined;
  }
}
