/** The metrics of the server that keeps the state of `prefork/state`, and of the jobs that one worker runs. */
import type { Metric } from './metric.ts';
import { told } from './told-metric.ts';

export const stateMetrics: readonly Metric[] = [
  told('prefork_state_up', 'gauge', {
    help: 'Whether every worker reaches the server of its state: 1, or 0 while one does not.',
    unit: 'flag',
    advice: 'At 0 calls fail at once, or do what whenAway says. Look at Redis and at the network.',
  }),
  told('prefork_state_answers_total', 'counter', {
    help: 'Answers of the server.',
    unit: 'answers',
    advice: 'Each is a round trip. A cache with a high rate of hits still asks for each of them.',
  }),
  told('prefork_state_answer_seconds_total', 'counter', {
    help: 'The time of these answers together.',
    unit: 'seconds',
    advice: 'Divided by the answers it is the mean latency of the server, with the wait in the worker.',
  }),
  told('prefork_state_timeouts_total', 'counter', {
    help: 'Commands that got no answer within the timeout. Each makes the connection anew.',
    unit: 'commands',
    advice: 'The network is cut, or the server does something that takes long. See SLOWLOG.',
  }),
  told('prefork_state_outages_total', 'counter', {
    help: 'How often a worker lost the server.',
    unit: 'outages',
    advice: 'A restart or a failover of Redis makes one for each worker.',
  }),
  told(
    'prefork_state_leader',
    'gauge',
    {
      help: 'How many workers of this server lead, by name: of all servers together it is 1.',
      unit: 'workers',
      advice: 'The sum over all hosts is 0 while a new leader is found. It must never be 2.',
    },
    ['name'],
  ),
];
