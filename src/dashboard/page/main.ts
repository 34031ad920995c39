/** The dashboard: one page, one stream of messages from the server, and operations with the token. */
import { MOST_WORKERS } from '../../contract/limits.ts';
import { Confirmation, Help, isDialogOpen, TokenDialog } from './dialogs.ts';
import { find, setText } from './parts/dom.ts';
import { Events } from './events.ts';
import { Header } from './header.ts';
import { heard, noModel, withHistory, type Model } from './model.ts';
import { doneWords, Notices } from './notices.ts';
import { operate } from './operations.ts';
import type { Message } from './feed/sse.ts';
import { fetchPast } from './feed/past.ts';
import { Stream, type Link } from './feed/stream.ts';
import { Tiles } from './parts/tiles.ts';
import { Token } from './token.ts';
import { Totals } from './totals.ts';

const token = Token.fromAddress();
const header = new Header();
const notices = new Notices(find('#notices'));
const totals = new Totals(find('#totals'));
const tiles = new Tiles(find('#tiles'));
const events = new Events(find('#events'));
const confirmation = new Confirmation();
const help = new Help();
const tokenDialog = new TokenDialog(takeToken);
const stream = new Stream({ token: () => token.value, message: hear, link: showLink });

let model: Model = noModel;
let link: Link = { kind: 'connecting' };
let isDrawn = true;

function hear(message: Message): void {
  const before = model;
  model = heard(model, message);
  if (message.name === 'event' && model.events[0]?.name === 'stopped') stream.ends();
  if (model !== before) drawSoon();
}

/** Draws once for all messages of a packet, and not while the page is hidden. */
function drawSoon(): void {
  if (!isDrawn) return;
  isDrawn = false;
  requestAnimationFrame(draw);
}

function draw(): void {
  isDrawn = true;
  events.show(model);
  const { status, now } = model;
  if (status === undefined) return;
  header.show(status);
  notices.status(status, now);
  totals.show(model);
  tiles.show(model);
}

function showLink(next: Link): void {
  link = next;
  header.link(link);
  notices.link(link);
  if (link.kind === 'refused') refused();
  if (link.kind === 'live') void lookBack();
  showRights();
}

/** Fills the charts with what the server has kept. The page may have been closed, or cut off. */
async function lookBack(): Promise<void> {
  const past = await fetchPast(token.value);
  if (past === undefined || model.status?.startedAt !== past.startedAt) return;
  model = withHistory(model, past);
  drawSoon();
}

/** Handles a refusal. A user whose token was wrong may still look without one. */
function refused(): void {
  const hadToken = token.value !== undefined;
  token.forget();
  showRights();
  tokenDialog.open(hadToken ? 'The server refused this token.' : '');
  if (hadToken) stream.start();
}

function takeToken(value: string): boolean {
  if (!token.set(value)) return false;
  // The server decides whether the token is right, and tells the stream more with it.
  stream.start();
  return true;
}

function showRights(): void {
  const hasToken = token.value !== undefined;
  for (const id of ['reload', 'fewer', 'more']) {
    const button = find(`#${id}`) as HTMLButtonElement;
    button.disabled = !hasToken || link.kind !== 'live';
    button.title = hasToken ? '' : 'Needs the token';
  }
  setText(find('#unlock-text'), hasToken ? 'Lock' : 'Unlock');
}

function toggleToken(): void {
  if (token.value === undefined) return tokenDialog.open();
  token.forget();
  stream.start();
}

function askReload(): void {
  if (!isAllowed()) return;
  const workers = model.status?.workers.wanted ?? 0;
  const text = `New workers replace all ${workers}, one after another. No connection is lost.`;
  confirmation.ask({ title: 'Reload?', text, yes: 'Reload' }, () => void run('reload', {}));
}

function askScale(by: number): void {
  if (!isAllowed()) return;
  const wanted = model.status?.workers.wanted ?? 1;
  const count = Math.min(MOST_WORKERS, Math.max(1, wanted + by));
  const text = `There are ${wanted} now. Surplus workers finish what is in flight.`;
  confirmation.ask({ title: 'Scale?', text, yes: 'Scale', count }, (workers) => void run('scale', { workers }));
}

/** Tells whether the user may operate the server, and asks for the token if it is missing. */
function isAllowed(): boolean {
  if (token.value === undefined) tokenDialog.open();
  return token.value !== undefined && link.kind === 'live';
}

async function run(path: 'reload' | 'scale', body: object): Promise<void> {
  const answer = await operate(path, body, token.value);
  if (answer === 'refused') return refused();
  if (answer.ok) notices.tell(doneWords(path, answer.took), 'good');
  else notices.tell(`${path === 'reload' ? 'Reload' : 'Scale'} failed: ${answer.reason}`, 'bad', answer.stderr);
}

/** The keys are the same as in `prefork top`. */
const shortcuts: Readonly<Record<string, () => void>> = {
  r: askReload,
  '+': () => askScale(1),
  '=': () => askScale(1),
  '-': () => askScale(-1),
  t: toggleToken,
  '?': () => help.open(),
};

document.addEventListener('keydown', (event) => {
  // Shortcuts of the browser and text typed into a field are left alone.
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isDialogOpen()) return;
  if (!Object.hasOwn(shortcuts, event.key)) return;
  event.preventDefault();
  shortcuts[event.key]!();
});

find('#reload').addEventListener('click', askReload);
find('#more').addEventListener('click', () => askScale(1));
find('#fewer').addEventListener('click', () => askScale(-1));
find('#unlock').addEventListener('click', toggleToken);
find('#help').addEventListener('click', () => help.open());

stream.start();
