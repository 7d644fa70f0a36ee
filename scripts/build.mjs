import './node.mjs'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import util from 'node:util'
import { makePart, staleParts } from './dist.mjs'
import { alone } from './lock.mjs'
import { ROOT, run } from './run.mjs'

/** How Vite builds each part of `dist`, given the directory to build it in. */
const RECIPES = {
  // One file with its dependencies in it starts in two thirds of the time that hundreds of small ones take.
  server: (outDir) => ({
    root: ROOT,
    configFile: false,
    publicDir: false,
    ssr: { noExternal: true },
    build: {
      ssr: true,
      target: 'node20',
      outDir,
      minify: false,
      sourcemap: true,
      rolldownOptions: {
        input: join(ROOT, 'src/gateway/main.ts'),
        output: {
          entryFileNames: 'main.js',
          chunkFileNames: 'chunks/[name]-[hash].js',
          // One character beyond ASCII, in whose comment ever, and V8 keeps all of it at two bytes a character.
          charset: 'ascii',
          comments: false,
        },
      },
    },
  }),
  console: (outDir) => ({ configFile: join(ROOT, 'vite.config.ts'), build: { outDir, emptyOutDir: true } }),
}

async function install() {
  const mtime = (file) => statSync(join(ROOT, file), { throwIfNoEntry: false })?.mtimeMs ?? 0
  if (mtime('node_modules/.package-lock.json') >= mtime('package-lock.json')) return
  console.error('Installing dependencies: npm ci')
  // Whatever NODE_ENV or the user's own npm settings say, the build needs them all.
  const code = await run('npm', ['ci', '--include=dev', '--prefer-offline'])
  if (code !== 0) throw new Error(`npm ci ended with ${code}; what it printed says why`)
}

async function build() {
  await install()
  const parts = staleParts()
  if (parts.length === 0) return
  console.error(`Building ${parts.join(' and ')}`)
  const started = performance.now()
  process.env.NODE_ENV = 'production'
  const vite = await import('vite')
  const made = await Promise.allSettled(
    parts.map((part) => makePart(part, (dir) => vite.build({ logLevel: 'warn', ...RECIPES[part](dir) }))),
  )
  const failed = made.flatMap((it, at) => (it.reason ? [`${parts[at]}: ${it.reason.message}`] : []))
  if (failed.length > 0) throw new Error(failed.join('\n'))
  console.error(`Built in ${((performance.now() - started) / 1000).toFixed(1)} s`)
}

try {
  await alone(build)
} catch (error) {
  const colours = process.stderr.isTTY ? (text) => text : util.stripVTControlCharacters
  console.error(colours(`The build failed. ${error.message.trim()}`))
  process.exit(1)
}
