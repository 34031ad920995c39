/**
 * The figures of a worker, a row each, in the order in which the scoreboard stores them. Several things derive from
 * this table: the layout of the board with its writer and readers, the vitals of `GET /status` with their type, schema
 * and documentation, the dashboard's data, the metrics, and the totals of workers that have ended. So a new figure
 * needs a row at the end, and the code that measures it (src/worker/vitals/vitals.ts). figures.ts explains the columns.
 *
 * The bundles of the worker and of the dashboard's page get this table without `about` and `metric`
 * (scripts/bundle.js).
 */
export const FIGURE_TABLE = [
  {
    name: 'pid',
    type: 'u32',
    unit: '',
    range: 'whole',
    aggregation: 'none',
    about: 'process id of the worker',
  },
  {
    name: 'slot',
    type: 'i32',
    unit: '',
    range: 'slot',
    aggregation: 'none',
    about: 'slot that the worker fills; -1 for a spare',
  },
  {
    name: 'generation',
    type: 'u32',
    unit: '',
    range: 'whole',
    aggregation: 'none',
    about: 'generation that the worker was started for',
  },
  {
    name: 'state',
    type: 'state',
    unit: '',
    range: 'state',
    aggregation: 'none',
    about: 'as the worker sees it: booting, standby, ready or draining',
  },
  {
    name: 'heartbeat',
    type: 'f64',
    unit: 'ms',
    range: 'time',
    aggregation: 'own',
    about: 'ms since it was written',
    vital: 'beat',
    metric: {
      name: 'prefork_heartbeat_age_seconds',
      help: 'The time since the worker last wrote its figures.',
      advice:
        'When it is above 1, the worker’s event loop stands still, and its neighbours accept for it. At --heartbeat-timeout it is killed.',
    },
  },
  {
    name: 'startedAt',
    type: 'f64',
    unit: 'ms',
    range: 'amount',
    aggregation: 'none',
    about: 'when the process started, since the Unix epoch',
  },
  {
    name: 'connectionsOpen',
    type: 'f64',
    unit: 'connections',
    range: 'whole',
    aggregation: 'own',
    about: 'connections accepted and not closed',
    vital: true,
    metric: {
      name: 'prefork_connections_open',
      help: 'Connections accepted and not closed.',
      advice: 'Near the limit of open files (prefork doctor) accepting fails: raise it, scale, or shorten keep-alive.',
    },
  },
  {
    name: 'connectionsAccepted',
    type: 'f64',
    unit: 'connections',
    range: 'whole',
    aggregation: 'total',
    about: 'connections accepted since the worker started',
    vital: true,
    metric: {
      name: 'prefork_connections_accepted_total',
      help: 'Connections accepted.',
      advice:
        'Many connections for few requests mean that clients or a proxy do without keep-alive. They are uneven over slots when there are few long-lived clients, which the kernel spreads by hash.',
    },
  },
  {
    name: 'requestsStarted',
    type: 'f64',
    unit: 'requests',
    range: 'whole',
    aggregation: 'total',
    about: 'requests whose head was read',
    vital: true,
    metric: {
      name: 'prefork_requests_started_total',
      help: 'Requests whose head was read.',
      advice: 'More traffic than the workers can take shows in the utilization of their event loops: scale.',
    },
  },
  {
    name: 'requestsFinished',
    type: 'f64',
    unit: 'requests',
    range: 'whole',
    aggregation: 'total',
    about: 'requests answered, or given up by their client',
    vital: true,
    metric: {
      name: 'prefork_requests_finished_total',
      help: 'Requests answered, or given up by their client.',
      advice: 'When it stays behind the started ones by more and more, requests never end: look for what they await.',
    },
  },
  {
    name: 'utilization',
    type: 'f64',
    unit: 'ratio',
    range: 'share',
    aggregation: 'own',
    about: 'share of the last beat that the event loop was busy',
    vital: true,
    metric: {
      name: 'prefork_event_loop_utilization_ratio',
      help: 'Share of the last beat (250 ms) that the event loop was busy.',
      advice: 'Above 0.8 requests queue behind each other: scale while there are idle cores, else profile.',
    },
  },
  {
    name: 'delay',
    type: 'f64',
    unit: 'ms',
    range: 'amount',
    aggregation: 'own',
    about: 'how late the last beat was, ms',
    vital: true,
  },
  {
    name: 'delayP50',
    type: 'f64',
    unit: 'ms',
    range: 'amount',
    aggregation: 'own',
    about: 'how late half of the beats of the last minute were at most, ms',
    vital: true,
    metric: {
      name: 'prefork_event_loop_delay_p50_seconds',
      help: 'Half of the beats of the last minute were this late or less. A request waits as long before anything is done for it.',
      advice: 'The worker is busy all the time: see the utilization.',
    },
  },
  {
    name: 'delayP99',
    type: 'f64',
    unit: 'ms',
    range: 'amount',
    aggregation: 'own',
    about: 'how late all but one in a hundred of them were at most, ms',
    vital: true,
    metric: {
      name: 'prefork_event_loop_delay_p99_seconds',
      help: 'All but one in a hundred beats of the last minute were this late or less.',
      advice:
        'There is synchronous work between two turns of the loop, or no CPU left for the process. Profile, and look at the cgroup’s quota.',
    },
  },
  {
    name: 'rss',
    type: 'f64',
    unit: 'bytes',
    range: 'whole',
    aggregation: 'own',
    about: 'resident memory, bytes',
    vital: true,
    metric: {
      name: 'prefork_resident_memory_bytes',
      help: 'Resident memory of the worker.',
      advice:
        'When it grows without end, there is a leak. --max-memory replaces the worker before the kernel kills it.',
    },
  },
  {
    name: 'heapUsed',
    type: 'f64',
    unit: 'bytes',
    range: 'whole',
    aggregation: 'own',
    about: 'memory of JavaScript objects, bytes',
    vital: true,
    metric: {
      name: 'prefork_heap_used_bytes',
      help: 'Memory of JavaScript objects in the worker.',
      advice:
        'When it grows with the resident memory, the leak is in JavaScript, and a heap snapshot shows it. Otherwise the leak is in buffers or native code.',
    },
  },
  {
    name: 'heapLimit',
    type: 'f64',
    unit: 'bytes',
    range: 'whole',
    aggregation: 'own',
    about: 'what V8 lets heapUsed grow to; 0 while that is small',
  },
  {
    name: 'durations',
    type: 'f64',
    // The number is DURATIONS of src/scoreboard/durations.ts, which explains these figures. A test compares the two.
    count: 60,
    unit: 'requests',
    // These columns hold counts and sums of milliseconds.
    range: 'amount',
    aggregation: 'total',
    about:
      'how many answered requests took no longer than each of `durationBounds`, and longer than the one before; the last counts the rest',
    vital: true,
  },
  {
    name: 'handoffsReceived',
    type: 'f64',
    unit: 'connections',
    range: 'whole',
    aggregation: 'total',
    about: 'connections served here that another worker accepted',
    vital: true,
    metric: {
      name: 'prefork_handoffs_received_total',
      help: 'Connections that another slot accepted and this one serves.',
      advice:
        'When it is high in one slot alone, that slot accepts less than the others, as after a boot: see prefork_connections_skew_ratio.',
    },
  },
  {
    name: 'handoffsSent',
    type: 'f64',
    unit: 'connections',
    range: 'whole',
    aggregation: 'total',
    about: 'connections accepted here that another worker serves',
    vital: true,
    metric: {
      name: 'prefork_handoffs_total',
      label: ['outcome', 'done'],
      help: 'Connections accepted by the slot that another one should serve, by outcome.',
      advice:
        'When done is high, accepting is uneven, and each costs about 120 µs; --balance kernel does without. When refused or failed is high, workers hang, drain or crash, and the slot serves these itself.',
    },
  },
  {
    name: 'handoffsRefused',
    type: 'f64',
    unit: 'connections',
    range: 'whole',
    aggregation: 'total',
    about: 'connections that another worker would not have, so that they are served here',
    vital: true,
    metric: { name: 'prefork_handoffs_total', label: ['outcome', 'refused'] },
  },
  {
    name: 'handoffsFailed',
    type: 'f64',
    unit: 'connections',
    range: 'whole',
    aggregation: 'total',
    about: 'connections on their way to a worker that ended, so that they are served here',
    vital: true,
    metric: { name: 'prefork_handoffs_total', label: ['outcome', 'failed'] },
  },
  {
    name: 'handicap',
    type: 'f64',
    unit: 'connections',
    range: 'whole',
    aggregation: 'own',
    about:
      'connections that it counts beyond those it has: it let go of them since those it has ask for more than others',
  },
] as const;
