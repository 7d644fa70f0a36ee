import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig, type Plugin } from 'vite'

const root = join(import.meta.dirname, 'src/console')
const gateway = { target: 'http://127.0.0.1:8080', ws: true }

/** Emits the service worker with the names of the assets it keeps. Fonts of other scripts come when they are needed. */
function serviceWorker(): Plugin {
  return {
    name: 'ghost-service-worker',
    apply: 'build',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const assets = Object.keys(bundle)
          // Three megabytes that only diagrams need come, and are kept, with the first of them.
          .filter((name) => name.startsWith('assets/') && !name.includes('mermaid'))
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
  plugins: [svelte({ configFile: false }), serviceWorker()],
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
