/** The dashboard: one page, one stream of messages from the server, and operations with the token. */
import type { FiguresHistory } from '../../control/controls.ts';
import { MOST_WORKERS } from '../../contract/limits.ts';
import { Canary } from './canary.ts';
import { Confirmation, Help, isDialogOpen, TokenDialog } from './dialogs.ts';
import { find, setText } from './parts/dom.ts';
import { Events } from './events.ts';
import { Header } from './header.ts';
import { Kept } from './kept.ts';
import { heard, noModel, withHistory, type Model } from './model.ts';
import { capitalized, doneWords, Notices } from './notices.ts';
import { operate, type PageOperation } from './operations.ts';
import type { Message } from './feed/sse.ts';
import { fetchPast } from './feed/past.ts';
import { Stream, type Link } from './feed/stream.ts';
import { Tiles } from './parts/tiles.ts';
import { Token } from './token.ts';
import { Totals } from './totals.ts';

const token = Token.fromAddress();
const header = new Header();
const notices = new Notices(find('#notices'));
const canary = new Canary();
const kept = new Kept();
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
/** The server's figures of the last minutes, until the page knows which server it is. */
let past: FiguresHistory | undefined;

function hear(message: Message): void {
  const before = model;
  model = heard(model, message);
  fillIn();
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
  canary.show(status);
  kept.show(status, now);
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
  past = await fetchPast(token.value);
  fillIn();
  drawSoon();
}

function fillIn(): void {
  if (past === undefined || model.status === undefined) return;
  if (past.startedAt === model.status.startedAt) model = withHistory(model, past);
  past = undefined;
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
  for (const id of ['reload', 'fewer', 'more', 'promote', 'rollback', 'return']) {
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

function askPromote(): void {
  const watched = model.status?.canary;
  if (!watched || !isAllowed()) return;
  const text = `The watch ends, and generation ${watched.canary} replaces all workers of generation ${watched.baseline}.`;
  confirmation.ask({ title: 'Promote?', text, yes: 'Promote' }, () => void run('promote', {}));
}

function askRollback(): void {
  const { canary: watched, kept: before } = model.status ?? {};
  const generation = watched?.baseline ?? before?.generation;
  if (generation === undefined || !isAllowed()) return;
  const ends = watched ? 'The watch ends, and the' : 'The';
  const text = `${ends} workers of generation ${generation} take their slots back. No connection is lost.`;
  confirmation.ask({ title: 'Roll back?', text, yes: 'Roll back' }, () => void run('rollback', {}));
}

/** Tells whether the user may operate the server, and asks for the token if it is missing. */
function isAllowed(): boolean {
  if (token.value === undefined) tokenDialog.open();
  return token.value !== undefined && link.kind === 'live';
}

const names: Readonly<Record<PageOperation, string>> = {
  reload: 'reload',
  scale: 'scale',
  promote: 'promotion',
  rollback: 'rollback',
};

async function run(path: PageOperation, body: object): Promise<void> {
  const answer = await operate(path, body, token.value);
  if (answer === 'refused') return refused();
  if (answer.ok) notices.tell(doneWords(names[path], answer.took), 'good');
  else notices.tell(`${capitalized(names[path])} failed: ${answer.reason}`, 'bad', answer.stderr);
}

/** The keys are the same as in `prefork top`. */
const shortcuts: Readonly<Record<string, () => void>> = {
  r: askReload,
  '+': () => askScale(1),
  '=': () => askScale(1),
  '-': () => askScale(-1),
  p: askPromote,
  b: askRollback,
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
find('#promote').addEventListener('click', askPromote);
find('#rollback').addEventListener('click', askRollback);
find('#return').addEventListener('click', askRollback);
find('#unlock').addEventListener('click', toggleToken);
find('#help').addEventListener('click', () => help.open());

stream.start();
