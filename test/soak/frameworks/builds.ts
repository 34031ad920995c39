/** Frameworks whose server is built first, or that bring many files. */
import assert from 'node:assert/strict';
import type { LoadRequest } from 'prefork/testing';
import type { Framework } from './framework.ts';

const moduleOfTheirs = '{ "name": "tried", "version": "1.0.0", "private": true, "type": "module" }';

/** The page has to have been rendered. */
const page: readonly LoadRequest[] = [
  { status: 200, check: ({ body }) => assert.ok(body.includes('Hello'), body.toString().slice(0, 200)) },
];

export const builds: readonly Framework[] = [
  {
    name: 'Next.js',
    packages: ['next', 'react', 'react-dom'],
    files: {
      'package.json': moduleOfTheirs,
      'next.config.js': `const alone = { output: 'standalone', distDir: 'alone' };
export default process.env.STANDALONE ? alone : {};`,
      'app/layout.js': `export default function Layout({ children }) { return <html><body>{children}</body></html>; }`,
      'app/page.js': `export const dynamic = 'force-dynamic';
export default function Page() { return <p>Hello {Date.now()}</p>; }`,
    },
    build: ['NEXT_TELEMETRY_DISABLED=1 next build', 'NEXT_TELEMETRY_DISABLED=1 STANDALONE=1 next build'],
    starts: [
      { by: '`next start`', entry: 'node_modules/next/dist/bin/next', args: (port) => ['start', '-p', String(port)] },
      { by: 'standalone', entry: 'server.js', directory: 'alone/standalone' },
    ],
    requests: page,
  },
  {
    name: 'Nuxt',
    packages: ['nuxt', 'vue', 'vue-router'],
    files: {
      'package.json': moduleOfTheirs,
      'nuxt.config.mjs': `export default defineNuxtConfig({ compatibilityDate: '2025-07-15', telemetry: false });`,
      'app.vue': `<template><p>Hello {{ Date.now() }}</p></template>`,
    },
    build: ['NUXT_TELEMETRY_DISABLED=1 nuxt build'],
    starts: [{ entry: '.output/server/index.mjs' }],
    requests: page,
  },
  {
    name: 'SvelteKit, by adapter-node',
    packages: ['@sveltejs/kit', '@sveltejs/adapter-node', '@sveltejs/vite-plugin-svelte', 'svelte', 'vite'],
    files: {
      'package.json': moduleOfTheirs,
      'vite.config.js': `import adapter from '@sveltejs/adapter-node';
import { sveltekit } from '@sveltejs/kit/vite';
export default { plugins: [sveltekit({ adapter: adapter() })] };`,
      'src/app.html': `<!doctype html><html><head>%sveltekit.head%</head><body>%sveltekit.body%</body></html>`,
      'src/routes/+page.svelte': `<p>Hello {Date.now()}</p>`,
    },
    build: ['vite build'],
    starts: [{ entry: 'build/index.js' }],
    requests: page,
  },
  {
    name: 'React Router',
    packages: [
      'react-router@8.4.0',
      '@react-router/dev@8.4.0',
      '@react-router/node@8.4.0',
      '@react-router/serve@8.4.0',
      'react',
      'react-dom',
      'isbot',
      'vite',
    ],
    files: {
      'package.json': moduleOfTheirs,
      'vite.config.js': `import { reactRouter } from '@react-router/dev/vite';
export default { plugins: [reactRouter()] };`,
      'app/routes.js': `import { index } from '@react-router/dev/routes';
export default [index('home.jsx')];`,
      'app/root.jsx': `import { Outlet, Scripts } from 'react-router';
export default function Root() { return <html><body><Outlet /><Scripts /></body></html>; }`,
      'app/home.jsx': `export default function Home() { return <p>Hello {Date.now()}</p>; }`,
    },
    build: ['react-router build'],
    starts: [{ entry: 'node_modules/.bin/react-router-serve', args: () => ['build/server/index.js'] }],
    requests: page,
  },
  {
    name: 'AdonisJS',
    packages: ['@adonisjs/core@7'],
    files: {
      'package.json': moduleOfTheirs,
      'adonisrc.js': `import { defineConfig } from '@adonisjs/core/app';
export default defineConfig({
  providers: [() => import('@adonisjs/core/providers/app_provider')],
  preloads: [() => import('./start/routes.js')],
});`,
      'config/app.js': `import { defineConfig } from '@adonisjs/core/http';
export const appKey = 'a key of at least thirty-two characters';
export const http = defineConfig({});`,
      'config/encryption.js': `import { defineConfig, drivers } from '@adonisjs/core/encryption';
const app = drivers.aes256gcm({ id: 'app', keys: ['a key of at least thirty-two characters'] });
export default defineConfig({ default: 'app', list: { app } });`,
      'config/logger.js': `import { defineConfig } from '@adonisjs/core/logger';
export default defineConfig({ default: 'app', loggers: { app: { enabled: true, name: 'tried', level: 'info' } } });`,
      'start/routes.js': `import router from '@adonisjs/core/services/router';
router.get('/', () => 'Hello');`,
      'bin/server.js': `import { Ignitor } from '@adonisjs/core';
const root = new URL('../', import.meta.url);
const importer = (path) => import(/^\\.\\.?\\//.test(path) ? new URL(path, root).href : path);
await new Ignitor(root, { importer })
  .tap((app) => app.listen('SIGTERM', () => app.terminate()))
  .httpServer()
  .start();`,
    },
    starts: [{ entry: 'bin/server.js', env: () => ({ HOST: '127.0.0.1' }) }],
    requests: page,
  },
  {
    name: 'Strapi',
    packages: [
      '@strapi/strapi@5.54.0',
      'react',
      'react-dom',
      'react-router-dom',
      'styled-components',
      'better-sqlite3',
    ],
    isNative: true,
    files: {
      'config/server.js': `module.exports = ({ env }) => ({ host: '127.0.0.1', port: env.int('PORT'), app: { keys: ['one', 'two'] } });`,
      'config/admin.js': `module.exports = {
  serveAdminPanel: false,
  auth: { secret: 'secret' },
  apiToken: { salt: 'salt' },
  transfer: { token: { salt: 'salt' } },
};`,
      'config/database.js': `module.exports = {
  connection: { client: 'sqlite', connection: { filename: '.tmp/data.db' }, useNullAsDefault: true },
};`,
      'config/api.js': `module.exports = {};`,
      'config/plugins.js': `module.exports = { 'users-permissions': { enabled: false } };`,
      'config/middlewares.js': `module.exports = ['logger', 'errors', 'security', 'cors', 'poweredBy', 'query', 'body', 'session', 'favicon', 'public']
  .map((name) => 'strapi::' + name);`,
      // Two that start at the same time would both make the tables.
      'tables.js': `require('@strapi/strapi').createStrapi().load().then(() => process.exit(0));`,
      'src/index.js': `module.exports = {};`,
      '.tmp/.gitkeep': '',
      'public/uploads/.gitkeep': '',
    },
    build: ['NODE_ENV=production PORT=0 node tables.js'],
    starts: [{ entry: 'node_modules/@strapi/strapi/bin/strapi.js', args: () => ['start'] }],
    requests: [{ path: '/_health', status: 204 }],
  },
];
