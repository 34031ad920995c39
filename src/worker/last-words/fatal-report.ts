/**
 * Has node write a report of a fatal error to where the primary looks for it. When V8's heap is full, no JavaScript runs any
 * more that could tell. An application that was started with reports of its own keeps them.
 *
 * @param directory the primary's. It is closed to other users, because a report holds the environment.
 */
export function reportFatalErrors(directory: string): void {
  const { report } = process;
  if (directory === '' || isInUse(report)) return;
  const ours = { directory, filename: `${process.pid}.json` };
  // `excludeNetwork` saves looking up the names of peers, which could take long.
  Object.assign(report, ours, { reportOnFatalError: true, compact: true, excludeNetwork: true });
  leaveOthersAlone(report, ours);
}

function isInUse({ reportOnFatalError, reportOnSignal, reportOnUncaughtException }: NodeJS.ProcessReport): boolean {
  return reportOnFatalError || reportOnSignal || reportOnUncaughtException;
}

/** Reports that the application writes itself go where they would go without prefork. */
function leaveOthersAlone(
  report: NodeJS.ProcessReport,
  ours: Pick<NodeJS.ProcessReport, 'directory' | 'filename'>,
): void {
  const write = report.writeReport.bind(report);
  report.writeReport = (...args: readonly unknown[]) => {
    const isOurs = report.directory === ours.directory && report.filename === ours.filename;
    if (isOurs) Object.assign(report, { directory: '', filename: '' });
    try {
      return (write as (...args: readonly unknown[]) => string)(...args);
    } finally {
      if (isOurs) Object.assign(report, ours);
    }
  };
}
