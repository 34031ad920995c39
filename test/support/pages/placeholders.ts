/** What a reader types where a page shows something that is another on each machine. Names in braces are filled in by the machine. */

/** Where a page names a command alone, or shows how it is used. Brackets around what may be left out are taken off before. */
const forms: Readonly<Record<string, string>> = {
  'prefork --watch': 'prefork --watch server.js',
  'prefork dev': 'prefork dev server.js',
  'prefork heap': 'prefork heap 0',
  'prefork heap <slot>': 'prefork heap 0',
  'prefork inspect <slot>': 'prefork inspect 0',
  'prefork logs -f --worker <n>': 'prefork logs -f --worker 0',
  'prefork profile': 'prefork profile 0 --seconds 1',
  'prefork profile <slot>': 'prefork profile 0 --seconds 1',
  'prefork reload --canary': 'prefork reload --canary 1 --watch 1m',
  'prefork reload --canary 25%': 'prefork reload --canary 25% --watch 5m',
  'prefork reload --canary <n|n%>': 'prefork reload --canary 1 --watch 1m',
  'prefork scale': 'prefork scale 2',
  'prefork scale <n|+n|-n|auto>': 'prefork scale 2',
  'prefork stack': 'prefork stack 0',
  'prefork stack <slot>': 'prefork stack 0',
  'prefork unit': 'prefork unit --as www-data server.js',
  'prefork unit --user --check <entry>': 'prefork unit --user --check server.js',
};

/** Parts of words. */
const parts: ReadonlyArray<readonly [RegExp, string]> = [
  [/^\/(?:usr\/)?bin\//, ''],
  [/^(?=\/(?:srv|var)\/)/, '{home}'],
  [/^(?=examples\/|scripts\/)/, '{root}'],
  [/^day\.jsonl$/, '{home}/day.jsonl'],
  [/^\$sock$/, '{socket}'],
  [/^\$MAINPID$/, '{primary}'],
  [/^4711$/, '{worker}'],
  [/\b127\.0\.0\.1:8080\b/, '127.0.0.1:{port}'],
  [/^(?:10\.0\.0\.11:)?9090$/, '127.0.0.1:0'],
  // Times that no test needs to wait for.
  [/^\d+m$/, '1s'],
  [/^(?:5|10)s$/, '100ms'],
];

/** Returns the words that are typed for those of a page. */
export function typedFor(words: readonly string[]): string[] {
  const [first, ...rest] = words;
  // `npx prefork` runs the one that is installed.
  const command = (first === 'npx' ? rest : words).map((word) => word.replaceAll(/^\[|\]$/g, ''));
  const form = forms[command.join(' ')];
  return (form?.split(' ') ?? command).map((word) =>
    parts.reduce((text, [pattern, typed]) => text.replace(pattern, typed), word),
  );
}
