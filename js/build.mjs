// Builds the panel: src/ -> ../codex_notebook/static/widget.js and widget.css.
// The result is committed, so it must come out the same on every machine: no paths, no dates, no
// source map. The panel travels to the browser with the kernel's first message, hence the budget.

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const BUDGET = 100_000;
const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, '..', 'codex_notebook', 'static');

// Their licence (MIT) asks that its notice travels with every copy.
const notices = ['preact'].map((name) => {
  const folder = join(here, 'node_modules', name);
  const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const holders = readFileSync(join(folder, 'LICENSE'), 'utf8').match(/^copyright \(c\).*$/gim);
  return `${name} ${version} (${license}; ${holders.join('; ')})`;
});

const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: ['src/widget.ts', 'src/widget.css'],
  outdir: out,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  charset: 'utf8',
  legalComments: 'none',
  banner: { js: `/*! Built by js/build.mjs. Contains ${notices.join(', ')}. */` },
  metafile: true,
  logLevel: 'warning',
});

for (const [file, { bytes }] of Object.entries(metafile.outputs)) {
  process.stdout.write(`${file.split('/').at(-1)}: ${bytes.toLocaleString('en')} bytes\n`);
  if (bytes > BUDGET) {
    process.stderr.write(`${file} is over its budget of ${BUDGET.toLocaleString('en')} bytes.\n`);
    process.exitCode = 1;
  }
}
