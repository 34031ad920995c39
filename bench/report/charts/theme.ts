import type { Config } from 'vega-lite';

export type Theme = 'light' | 'dark';

/**
 * GitHub's own colours, on which the pictures are seen. prefork and the others differ in lightness as well as in hue; the
 * kinds of loss are Okabe and Ito's, which those who see fewer colours can tell apart.
 */
export const palette = {
  light: {
    text: '#1f2328',
    quiet: '#59636e',
    grid: '#d1d9e0',
    paper: '#ffffff',
    ours: '#0969da',
    others: '#9aa4ae',
    foreign: '#d1d9e0',
    losses: ['#d55e00', '#e69f00', '#0072b2', '#56b4e9', '#cc79a7', '#009e73'],
  },
  dark: {
    text: '#f0f6fc',
    quiet: '#9198a1',
    grid: '#3d444d',
    paper: '#0d1117',
    ours: '#4493f8',
    others: '#7d8590',
    foreign: '#444c56',
    losses: ['#d55e00', '#e69f00', '#0072b2', '#56b4e9', '#cc79a7', '#009e73'],
  },
} as const;

/** A picture is some 600 wide: on a phone it is shown at half that, and its letters still have to be read. */
export const FONT_SIZE = 14;

/** What the longest name of a system takes: so all panels, and their titles, begin at one line. */
export const LABELS = 214;

export const config = (theme: Theme): Config => {
  const { text, quiet, grid } = palette[theme];
  return {
    background: 'transparent',
    font: '-apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif',
    view: { stroke: null },
    title: {
      color: text,
      subtitleColor: quiet,
      anchor: 'start',
      frame: 'bounds',
      fontSize: FONT_SIZE + 3,
      subtitleFontSize: FONT_SIZE - 1,
      subtitlePadding: 7,
      subtitleLineHeight: FONT_SIZE + 4,
      offset: 16,
    },
    axis: {
      labelColor: text,
      titleColor: quiet,
      gridColor: grid,
      gridOpacity: 0.6,
      domain: false,
      ticks: false,
      labelPadding: 8,
      labelFontSize: FONT_SIZE,
      titleFontSize: FONT_SIZE - 1,
      titleFontWeight: 'normal',
      labelLimit: 420,
    },
    axisX: { labelColor: quiet, labelFontSize: FONT_SIZE - 1 },
    axisQuantitative: { labelFontSize: FONT_SIZE - 1, labelColor: quiet },
    legend: {
      labelColor: text,
      titleColor: quiet,
      labelFontSize: FONT_SIZE - 1,
      labelLimit: 420,
      orient: 'top',
      title: null,
      symbolStrokeWidth: 2,
      symbolSize: 90,
    },
    header: { labelColor: text, labelFontSize: FONT_SIZE, labelFontWeight: 'bold', labelAnchor: 'start' },
    text: { fontSize: FONT_SIZE - 1 },
  };
};
