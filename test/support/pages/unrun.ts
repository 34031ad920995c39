/** The commands of the pages that no test of the pages runs, and why. What another test runs is named with that test. */

export interface Unrun {
  readonly why: string;
  /** As the pages have them: each has to be on one. */
  readonly commands: readonly string[];
}

export const unrun: readonly Unrun[] = [
  {
    why: 'needs systemd, and root: test/hosts and test/process/serving/systemd.test.ts',
    commands: [
      'sudo useradd --system app',
      'sudo cp prefork.service prefork.socket /etc/systemd/system/',
      'sudo systemctl daemon-reload',
      'sudo systemctl enable --now prefork.socket prefork.service',
      'systemctl status prefork',
      'sudo systemctl reload prefork',
      'sudo systemctl restart prefork',
      'sudo tee /etc/systemd/system/prefork@.service',
      'sudo systemctl enable --now prefork@shop prefork@blog',
      'sudo systemctl reload prefork@shop',
      'sudo systemctl enable --now shop',
    ],
  },
  {
    why: 'needs root, and ports 80 and 443: test/process/serving/privileges.test.ts',
    commands: ['prefork --user www-data --bind 80,443 server.js'],
  },
  {
    why: 'needs a loader from npm: npm run test:loaders',
    commands: [
      'prefork --import tsx app.ts',
      'prefork dev --import tsx app.ts',
      'prefork --require ts-node/register app.ts',
      'prefork --import @swc-node/register/esm-register app.ts',
    ],
  },
  {
    why: 'needs a Node that runs TypeScript: test/process/serving/typescript.test.ts',
    commands: ['prefork app.ts'],
  },
  { why: "needs Apache's tools", commands: ['rotatelogs -n 5 /var/log/app.log 10M'] },
  {
    why: 'takes the package from the registry: test/package/package.test.ts takes the packed one',
    commands: ['npm install prefork'],
  },
  {
    why: 'is what runs the tests themselves, or takes minutes',
    commands: [
      'npm ci',
      'npm start',
      'npm test',
      'npm run build',
      'node --test out/test/process/deploys/stop.test.js',
      'node --test --test-name-pattern second signal out/test/process/deploys/stop.test.js',
      'node bench/boots/main.ts --workers 8 --modules 2000 --rounds 2',
    ],
  },
];

/** Pages that a test follows from the first command to the last. */
export const followed: Readonly<Record<string, string>> = {
  'docs/tutorial.md': 'test/package/tutorial.test.ts',
};
