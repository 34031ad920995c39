import type { Config } from 'vega-lite';

export type Theme = 'light' | 'dark';

/** GitHub's own colours, on which the pictures are seen. */
export const palette = {
  light: {
    text: '#1f2328',
    quiet: '#59636e',
    grid: '#d1d9e0',
    ours: '#0969da',
    others: '#a3acb6',
    lines: ['#0969da', '#59636e', '#bc4c00', '#8250df', '#1a7f37'],
  },
  dark: {
    text: '#f0f6fc',
    quiet: '#9198a1',
    grid: '#3d444d',
    ours: '#4493f8',
    others: '#656c76',
    lines: ['#4493f8', '#9198a1', '#db6d28', '#ab7df8', '#3fb950'],
  },
} as const;

export const config = (theme: Theme): Config => {
  const { text, quiet, grid } = palette[theme];
  const font = '-apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif';
  return {
    background: 'transparent',
    font,
    view: { stroke: null },
    title: {
      color: text,
      subtitleColor: quiet,
      anchor: 'start',
      fontSize: 15,
      subtitleFontSize: 12,
      subtitlePadding: 6,
      offset: 14,
    },
    axis: {
      labelColor: text,
      titleColor: quiet,
      gridColor: grid,
      domainColor: grid,
      tickColor: grid,
      labelFontSize: 12,
      titleFontSize: 12,
      titleFontWeight: 'normal',
      labelLimit: 420,
    },
    legend: { labelColor: text, titleColor: quiet, labelFontSize: 12, labelLimit: 420, orient: 'bottom', title: null },
    header: { labelColor: text, titleColor: quiet, labelFontSize: 12 },
  };
};
