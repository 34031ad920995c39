import { findServer } from '../../control/client.ts';
import { Gateway } from '../dashboard/gateway.ts';
import { browserProgram, Opener } from '../dashboard/opener.ts';
import { Presence } from '../dashboard/presence.ts';
import { Interruption } from '../inspection/interruption.ts';
import { complain, print } from '../print.ts';
import { verbHelp } from '../verb-help.ts';
import { parseVerbLine, type VerbShape } from '../verb-line.ts';

const shape: VerbShape = { flags: { 'no-open': 'Only print the address.' } };

const help = `\
Shows charts, a tile for each worker and recent events, live, in a browser. You
can reload and scale by button or key. The page comes from the server's control
socket, through a loopback port that is open while this command runs. The
address contains a token: anyone who has it may do what you may. In a terminal
the command opens a browser, if there is one. See docs/dashboard.md.`;

/** `prefork dashboard` runs until it is interrupted or the server ends. */
export async function dashboard(argv: readonly string[]): Promise<number> {
  const line = parseVerbLine(argv, shape);
  if (line.help) {
    print(verbHelp('dashboard', shape, help));
    return 0;
  }
  const presence = new Presence(await findServer(line.name));
  using interruption = new Interruption();
  using gateway = await Gateway.open(() => presence.server);
  print(`prefork: dashboard url=${gateway.url}\nCtrl-C ends it.\n`);
  const program = line.flags.has('no-open') ? undefined : browserHere();
  using _opener = program === undefined ? undefined : new Opener(program, gateway.url);
  try {
    await presence.end(interruption.signal);
    complain(`${presence.server.name} has ended`);
  } catch (error) {
    // An interruption is also a normal way to end.
    if (!interruption.signal.aborted) throw error;
  }
  return 0;
}

function browserHere(): string | undefined {
  return process.stdout.isTTY ? browserProgram(process.env, process.platform) : undefined;
}
