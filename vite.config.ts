import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig, type Plugin } from 'vite'

const root = join(import.meta.dirname, 'src/console')
const gateway = { target: 'http://127.0.0.1:8080', ws: true }

const installed = (path: string) => join(import.meta.dirname, 'node_modules', path)
/** What tells speech from noise: a network, the program that runs it, and the ear that feeds it. */
const DETECTOR = [
  '@ricky0123/vad-web/dist/silero_vad_v5.onnx',
  '@ricky0123/vad-web/dist/vad.worklet.bundle.min.js',
  'onnxruntime-web/dist/ort-wasm-simd-threaded.mjs',
  'onnxruntime-web/dist/ort-wasm-simd-threaded.wasm',
].map(installed)

/**
 * Puts those files under our own roof. They are asked for by their own names, so the folder has their hash: whatever
 * lies below /assets/ is kept for ever.
 */
function voiceDetector(): Plugin {
  const hash = createHash('sha256')
  for (const file of DETECTOR) hash.update(readFileSync(file))
  const folder = `assets/detector-${hash.digest('hex').slice(0, 8)}/`
  return {
    name: 'ghost-voice-detector',
    config: () => ({ define: { __VAD_ASSETS__: JSON.stringify(`/${folder}`) } }),
    configureServer(server) {
      server.middlewares.use(`/${folder}`, (request, response, next) => {
        const file = DETECTOR.find((path) => `/${basename(path)}` === request.url?.replace(/\?.*/, ''))
        if (!file) return next()
        const types: Record<string, string> = {
          '.wasm': 'application/wasm',
          '.onnx': 'application/octet-stream',
        }
        response.setHeader('content-type', types[extname(file)] ?? 'text/javascript')
        response.end(readFileSync(file))
      })
    },
    generateBundle() {
      for (const file of DETECTOR)
        this.emitFile({ type: 'asset', fileName: folder + basename(file), source: readFileSync(file) })
    },
  }
}

/** Emits the service worker with the names of the assets it keeps. Fonts of other scripts come when they are needed. */
function serviceWorker(): Plugin {
  return {
    name: 'ghost-service-worker',
    apply: 'build',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const assets = Object.keys(bundle)
          // Megabytes that only diagrams or hands-free talk need come with the first of them.
          .filter((name) => name.startsWith('assets/') && !/mermaid|detector/.test(name))
          .filter((name) => /\.(?:js|css)$/.test(name) || /-latin-wght-normal-[^/]*\.woff2$/.test(name))
          .map((name) => `/${name}`)
          .sort()
        const source = readFileSync(join(root, 'sw.js'), 'utf8')
        const offline = readFileSync(join(root, 'offline.html'), 'utf8')
        const version = createHash('sha256')
          .update(JSON.stringify([assets, source, offline]))
          .digest('hex')
          .slice(0, 12)
        this.emitFile({
          type: 'asset',
          fileName: 'sw.js',
          source: source.replace('__VERSION__', version).replace('__ASSETS__', JSON.stringify(assets)),
        })
      },
    },
  }
}

export default defineConfig({
  root,
  plugins: [svelte({ configFile: false }), voiceDetector(), serviceWorker()],
  // Of the runtime only what runs the detector: the other halves are for graphics cards, and ten times as large.
  resolve: {
    alias: [
      { find: /^onnxruntime-web(\/wasm)?$/, replacement: installed('onnxruntime-web/dist/ort.wasm.min.mjs') },
    ],
  },
  build: {
    outDir: '../../dist/console',
    emptyOutDir: true,
    target: 'es2023',
    // The page's policy allows fonts of its own origin only, not those inlined as data.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: [join(root, 'index.html'), join(root, 'offline.html')] },
  },
  server: {
    proxy: { '/api': gateway, '/ws': gateway, '/readyz': gateway, '/healthz': gateway },
  },
})
