import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';
import { anchorOf, contents, placeOf } from '../contents.js';

export default defineConfig({
  title: 'prefork',
  description: 'Runs any Node.js server on every core of the machine, and keeps it running.',
  srcDir: 'pages',
  outDir: fileURLToPath(new URL('../dist', import.meta.url)),
  cacheDir: fileURLToPath(new URL('../.cache', import.meta.url)),
  // The build fails at a link that leads nowhere; check.js looks at the headings, too.
  ignoreDeadLinks: false,
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: '/icon.svg' }]],
  markdown: { anchor: { slugify: anchorOf }, config: fenceIndented },
  themeConfig: {
    sidebar: contents.map(([text, entries]) => ({
      text,
      items: entries.map(([document, name]) => ({ text: name, link: `/${placeOf(document)}` })),
    })),
    outline: [2, 3],
    // The index is a file of the site: a search asks no other host.
    search: { provider: 'local' },
  },
});

/** Code that is indented looks, scrolls and is copied as code between fences is. */
function fenceIndented({ renderer: { rules } }) {
  rules.code_block = (tokens, index, ...rest) => {
    tokens[index].info = 'txt';
    return rules.fence(tokens, index, ...rest);
  };
}
