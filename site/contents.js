/** Which pages there are, and in which order a reader finds them. `stage.js` fails when a document is missing here. */

/** Groups of pages: a document's path in the repository, and its name in the sidebar. */
export const contents = [
  [
    'Start',
    [
      ['README.md', 'prefork'],
      ['docs/tutorial.md', 'Five minutes'],
      ['docs/coming-from.md', 'Coming from another server'],
      ['docs/fasthttp.md', "Coming from fasthttp's prefork"],
      ['docs/development.md', 'Development'],
      ['docs/typescript.md', 'TypeScript and loaders'],
      ['docs/testing.md', 'Testing'],
    ],
  ],
  [
    'Run',
    [
      ['docs/configuration.md', 'Configuration'],
      ['docs/deployment.md', 'Deployment'],
      ['docs/scaling-out.md', 'From one machine to several'],
      ['docs/lifecycle.md', 'Lifecycle'],
      ['docs/migration.md', 'Migration'],
      ['docs/balance.md', 'Balance'],
      ['docs/autoscaling.md', 'Autoscaling'],
      ['docs/canary.md', 'Canary'],
      ['docs/boots.md', 'Boots'],
      ['docs/compatibility.md', 'Compatibility'],
      ['docs/libraries.md', 'Libraries that expect a primary'],
    ],
  ],
  [
    'See',
    [
      ['docs/control.md', 'Control'],
      ['docs/events.md', 'Events'],
      ['docs/logs.md', 'The last lines'],
      ['docs/metrics.md', 'Metrics'],
      ['docs/dashboard.md', 'Dashboard'],
      ['docs/inspecting.md', 'Looking inside'],
    ],
  ],
  [
    'Build on it',
    [
      ['docs/http.md', 'HTTP server'],
      ['docs/state.md', 'State'],
    ],
  ],
  [
    'Know',
    [
      ['docs/benchmarks.md', 'Benchmarks'],
      ['docs/architecture.md', 'Architecture'],
      ['CONTRIBUTING.md', 'Contributing'],
      ['SECURITY.md', 'Security'],
      ['CHANGELOG.md', 'Changelog'],
    ],
  ],
];

/** Where the page of a document is, without `.md`. */
export function placeOf(document) {
  return document === 'README.md'
    ? 'index'
    : document
        .replace(/^docs\//, '')
        .replace(/\.md$/, '')
        .toLowerCase();
}

/** The name that a heading has in a link, as GitHub makes it: the documents read well there, too. */
export function anchorOf(heading) {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}
