import type { Dashboard, Status } from '../../control/controls.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';

/** What it takes is loaded when somebody first looks: most primaries never see one. */
export async function dashboardOf(supervisor: Supervisor, status: () => Status): Promise<Dashboard> {
  const { Live } = await import('../../dashboard/live.ts');
  const { sumOf } = await import('../../metrics/totals.ts');
  const { history } = supervisor;
  const { totals, processes } = supervisor.resources;
  const durations = (): Float64Array => {
    const ended = totals.slots.map((slot) => totals.of(slot));
    const living = [...supervisor.fleet.workers.keys()].flatMap((id) => processes.row(id) ?? []);
    return sumOf([...ended, ...living]).durations;
  };
  return new Live({ status, durations, history });
}
