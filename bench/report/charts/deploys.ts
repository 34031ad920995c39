import { inOrder, type Picture, titleOf, whole } from './picture.ts';
import { LABELS, palette } from './theme.ts';

const WIDTH = 225;
const LOST_ENDS = 350;

/** How many connections the reloads have closed, as bars, and beside them how many requests were lost. */
export const closed: Picture = (summary, theme) => {
  const measured = inOrder(summary.scenarios['deploys']);
  if (measured.length === 0) return undefined;
  const { text, ours, others } = palette[theme];
  const rows = measured.map(([name, { figures }]) => {
    const [ended, lost] = [figures['ended']?.median ?? 0, figures['lost']?.median ?? 0];
    return {
      system: titleOf(name),
      ended,
      closed: ended === 0 ? 'none' : whole(ended),
      lost: lost === 0 ? 'none' : whole(lost),
      colour: name === 'prefork' ? ours : others,
    };
  });
  const reloads = Math.max(...measured.map(([, { figures }]) => figures['reloads']?.median ?? 0));
  const y = {
    field: 'system',
    type: 'nominal',
    sort: rows.toSorted((a, b) => a.ended - b.ended).map(({ system }) => system),
    title: null,
    axis: { labelColor: text, minExtent: LABELS },
  } as const;
  const x = {
    field: 'ended',
    type: 'quantitative' as const,
    title: null,
    scale: { domain: [0, Math.max(1, ...rows.map(({ ended }) => ended))], nice: false },
    axis: { tickCount: 2, format: ',.0f' },
  };
  return {
    title: {
      text: `Connections closed while ${reloads} reloads run`,
      subtitle: [
        `${summary.workers} workers; 64 clients that keep their connection, half of them always busy`,
        'at the right: requests lost',
      ],
    },
    width: WIDTH,
    height: { step: 32 },
    data: { values: rows },
    layer: [
      {
        mark: { type: 'bar', height: 18, cornerRadiusEnd: 3 },
        encoding: { y, x, color: { field: 'colour', type: 'nominal', scale: null } },
      },
      {
        mark: { type: 'text', align: 'left', dx: 6, color: text, fontWeight: 'bold' },
        encoding: { y, x, text: { field: 'closed', type: 'nominal' } },
      },
      {
        mark: { type: 'text', align: 'right', x: LOST_ENDS, color: text },
        encoding: { y, text: { field: 'lost', type: 'nominal' } },
      },
    ],
  };
};
