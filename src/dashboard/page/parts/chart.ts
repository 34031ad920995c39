import uPlot from 'uplot';
import { niceCeiling, shown, type Figure } from '../figures.ts';
import { element, setText } from './dom.ts';
import { WINDOW_MS, type Moment } from '../model.ts';

export interface Curve {
  /** The label beside the figure; empty where the title of the card says it. */
  readonly label: string;
  readonly of: (moment: Moment) => number | null;
  /** A dashed curve is distinguishable without colours, too. */
  readonly isDashed?: boolean;
}

export interface ChartOptions {
  readonly title: string;
  /** The curves, the most important one first. */
  readonly curves: readonly [Curve, ...Curve[]];
  readonly show: (figure: number) => string;
  /** The unit in which the axis has round figures. @default 1 */
  readonly unit?: number;
  /** The least end of the axis, in that unit. */
  readonly least: number;
  /** The fixed end of the axis. */
  readonly most?: number;
}

/** Charts with this key move their cursors together. */
const SYNC = 'totals';

/** A smaller chart has no room for axes. The sizes are in px. */
const AXES_FROM = { width: 130, height: 72 };

/** A narrower chart has room for only one label of time. The width is in px. */
const WIDE = 220;

/** The width of a character on an axis in px. */
const CHARACTER = 7;

/**
 * A total: its present figure and its history. The card owns its chart, which is rebuilt when colours or sizes change.
 */
export class Chart {
  readonly card: HTMLElement;
  readonly #options: ChartOptions;
  readonly #plotPlace = element('div', { class: 'plot', 'aria-hidden': 'true' });
  readonly #figures: readonly HTMLElement[];
  readonly #when = element('span', { class: 'when' });
  #plot: uPlot | undefined;
  #moments: readonly Moment[] = [];
  /** The index of the moment under the cursor. */
  #picked: number | undefined;

  constructor(options: ChartOptions) {
    const { title, curves } = options;
    this.#options = options;
    this.#figures = curves.map(() => element('span', { class: 'figure' }, '–'));
    const figures = curves.map(({ label, isDashed }, at) => {
      const key = element('span', { class: isDashed === true ? 'key dashed' : 'key' });
      const name = label === '' ? [] : [element('span', { class: 'label' }, key, label)];
      return element('p', { class: at === 0 ? 'first' : 'second' }, this.#figures[at]!, ...name);
    });
    const head = element('div', { class: 'head' }, element('h3', {}, title), this.#when);
    this.card = element('article', { class: 'card' }, head, element('div', { class: 'now' }, ...figures));
    this.card.append(this.#plotPlace);
    new ResizeObserver(() => this.rebuild()).observe(this.#plotPlace);
  }

  show(moments: readonly Moment[]): void {
    this.#moments = moments;
    this.#plot?.setData(this.#data(), true);
    this.#showFigures();
  }

  /** Rebuilds the chart with the present colours and size. */
  rebuild(): void {
    this.#plot?.destroy();
    const { clientWidth: width, clientHeight: height } = this.#plotPlace;
    this.#plot = width === 0 ? undefined : new uPlot(this.#plotOptions(width, height), this.#data(), this.#plotPlace);
  }

  #showFigures(): void {
    const moment = this.#picked === undefined ? this.#moments.at(-1) : this.#moments[this.#picked];
    const { curves, show } = this.#options;
    for (const [at, { of }] of curves.entries()) {
      const figure: Figure = moment === undefined ? undefined : of(moment);
      setText(this.#figures[at]!, shown(figure, show));
    }
    setText(this.#when, this.#picked === undefined || moment === undefined ? '' : clock(moment.at));
  }

  #data(): uPlot.AlignedData {
    const times = this.#moments.map(({ at }) => at / 1000);
    return [times, ...this.#options.curves.map(({ of }) => this.#moments.map(of))];
  }

  #plotOptions(width: number, height: number): uPlot.Options {
    const style = getComputedStyle(this.card);
    const color = (name: string): string => style.getPropertyValue(name).trim();
    const hasAxes = width >= AXES_FROM.width && height >= AXES_FROM.height;
    const { curves, show, least, most, unit = 1 } = this.#options;
    const axis = {
      stroke: color('--muted'),
      font: `11px ${style.fontFamily}`,
      ticks: { show: false },
      grid: { stroke: color('--grid'), width: 1 },
    };
    return {
      width,
      height,
      padding: hasAxes ? [6, 0, 0, 0] : [3, 0, 1, 0],
      legend: { show: false },
      cursor: {
        y: false,
        drag: { x: false, y: false },
        sync: { key: SYNC, setSeries: false },
        points: { size: 7, width: 2, fill: color('--card') },
      },
      scales: {
        x: { range: (plot) => lastStretch(plot) },
        y: { range: (_plot, _min, max) => [0, most ?? unit * niceCeiling(Math.max(least, (max ?? 0) / unit))] },
      },
      axes: [
        { ...axis, show: hasAxes, size: 18, gap: 2, splits: (plot) => instants(plot), values: ages },
        {
          ...axis,
          show: hasAxes,
          side: 1,
          size: (_plot, texts) => 8 + CHARACTER * Math.max(...(texts ?? []).map(({ length }) => length), 2),
          gap: 6,
          splits: (plot) => [0, plot.scales['y']!.max! / 2, plot.scales['y']!.max!],
          values: (_plot, figures) => figures.map((figure) => (figure === 0 ? '' : show(figure))),
        },
      ],
      series: [{}, ...curves.map((curve, at) => seriesOf(curve, at, color, height))],
      hooks: { setCursor: [(plot) => this.#pick(plot.cursor.idx ?? undefined)] },
    };
  }

  #pick(index: number | undefined): void {
    if (index === this.#picked) return;
    this.#picked = index;
    this.#showFigures();
  }
}

function seriesOf({ isDashed }: Curve, at: number, color: (name: string) => string, height: number): uPlot.Series {
  const stroke = color(at === 0 ? '--first' : '--second');
  return {
    stroke,
    width: 1.75,
    points: { show: false },
    ...(isDashed === true ? { dash: [4, 3] } : {}),
    ...(at === 0 ? { fill: (plot: uPlot) => fade(plot, color('--first-fill'), height) } : {}),
  };
}

function fade({ ctx }: uPlot, color: string, height: number): CanvasGradient {
  const gradient = ctx.createLinearGradient(0, 0, 0, height * devicePixelRatio);
  gradient.addColorStop(0, color);
  gradient.addColorStop(1, 'transparent');
  return gradient;
}

/** Returns the range of the time axis. The chart scrolls from the first second on, and never stretches. */
function lastStretch(plot: uPlot): [number, number] {
  const last = plot.data[0].at(-1) ?? Date.now() / 1000;
  return [last - WINDOW_MS / 1000, last];
}

function instants(plot: uPlot): number[] {
  const [, last] = lastStretch(plot);
  return (plot.width < WIDE ? [5] : [8, 5, 2]).map((minutes) => last - minutes * 60);
}

function ages(plot: uPlot, splits: readonly number[]): string[] {
  const [, last] = lastStretch(plot);
  return splits.map((at) => `−${Math.round((last - at) / 60)} min`);
}

function clock(at: number): string {
  return new Date(at).toLocaleTimeString([], { hour12: false });
}
