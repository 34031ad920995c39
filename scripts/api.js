/**
 * Writes what users of the package can see of its types to api/, one report for each entry that has types: npm run api. With --check it
 * writes nothing, and fails where a report is not current. So no public type changes unseen: the change is in the diff of a report.
 *
 * node scripts/api.js [--check] [directory of the package]
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import { typedEntries } from './entries.js';

const args = process.argv.slice(2);
const isCheck = args.includes('--check');
const root = resolve(args.find((arg) => !arg.startsWith('--')) ?? '.');
const folder = join(root, 'api');
const manifest = join(root, 'package.json');

const entries = typedEntries(manifest).map(({ name, types }) => ({ report: reportOf(name), types: join(root, types) }));
const faults = [...entries.flatMap(({ report, types }) => [...write(report, types)]), ...strays()];
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exitCode = 1;

function reportOf(entry) {
  const name = entry.replace(/^\.\/?/, '').replaceAll('/', '-');
  return `${name === '' ? 'index' : name}.api.md`;
}

/** Writes or checks a report, and yields what is wrong with it. */
function* write(report, types) {
  mkdirSync(folder, { recursive: true });
  const drafts = mkdtempSync(join(tmpdir(), 'prefork-api-'));
  const errors = [];
  try {
    const { apiReportChanged } = Extractor.invoke(configOf(report, types, drafts), {
      localBuild: !isCheck,
      messageCallback(message) {
        // Before it is written, a report that has changed is a warning, which is said in our own words.
        message.handled = true;
        if (message.logLevel === ExtractorLogLevel.Error) errors.push(message.text);
      },
    });
    if (isCheck && apiReportChanged) yield `api/${report} is not current: npm run api, and look at what it changes`;
  } catch (error) {
    // API Extractor throws at types that do not compile.
    errors.push(error.message.split('\n')[0]);
  } finally {
    rmSync(drafts, { recursive: true });
  }
  for (const error of errors) yield `api/${report}: ${error}`;
}

function configOf(report, types, drafts) {
  const compilerOptions = {
    target: 'es2023',
    lib: ['es2023'],
    module: 'nodenext',
    moduleResolution: 'nodenext',
    types: ['node'],
    strict: true,
    // Declarations of packages that are optional may name what is not installed.
    skipLibCheck: true,
  };
  const off = { default: { logLevel: 'none' } };
  return ExtractorConfig.prepare({
    packageJsonFullPath: manifest,
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: types,
      compiler: { overrideTsconfig: { compilerOptions, files: [types] } },
      apiReport: {
        enabled: true,
        reportFileName: report.replace(/\.api\.md$/, ''),
        reportFolder: folder,
        reportTempFolder: drafts,
        // Types that no entry names are part of those that it names.
        includeForgottenExports: true,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: 'lf',
      messages: {
        compilerMessageReporting: { default: { logLevel: 'error' } },
        extractorMessageReporting: off,
        tsdocMessageReporting: off,
      },
    },
  });
}

/** Reports of entries that are no more. */
function* strays() {
  if (!existsSync(folder)) return;
  const known = new Set(entries.map(({ report }) => report));
  for (const file of readdirSync(folder)) {
    if (file.endsWith('.api.md') && !known.has(file)) yield `api/${file} is of no entry in package.json: delete it`;
  }
}
