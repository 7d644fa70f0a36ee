import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Access } from './access.ts'
import { Fault } from './fault.ts'

/** Where the build put the console; the same way from the built server and from the sources. */
const CONSOLE = fileURLToPath(new URL('../../dist/console/', import.meta.url))
const KEY_MARK = '<!--ghost:key-->'
const YEAR_MS = 365 * 24 * 3600 * 1000

const policy = (scripts: string) =>
  [
    "default-src 'none'",
    // WebAssembly for telling speech from noise; no script may be made of text (docs/decisions/0011).
    `script-src 'self' 'wasm-unsafe-eval'${scripts}`,
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "media-src 'self' blob:",
    "worker-src 'self'",
    "manifest-src 'self'",
    "frame-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')

/** Everything that shows the page itself: it holds the key, so nobody may keep it, frame it, or learn its address. */
const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), payment=(), usb=(), microphone=(self)',
  'x-dns-prefetch-control': 'off',
}

/** What the policy leaves open: peers, and hosts that the browser connects to before it reads the policy. */
const NO_CONNECTION = '()'
const PREVIEW_POLICY =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox allow-scripts"
/** The page inside the sandboxed frame: it becomes whatever its parent, and only its parent, sends it first. */
const PREVIEW = `<!doctype html><html lang="en"><meta charset="utf-8"><title>preview</title><script>
addEventListener('message', (event) => {
  if (event.source !== parent || typeof event.data?.html !== 'string') return
  document.open()
  document.write(event.data.html)
  document.close()
}, { once: true })
parent.postMessage({ type: 'ghost:preview-ready' }, '*')
</script></html>`

export function page(key: string, access: Access) {
  let index: Promise<string> | undefined

  async function show(request: FastifyRequest, reply: FastifyReply): Promise<string> {
    if (!existsSync(CONSOLE)) {
      reply.code(503).headers({ ...PAGE_HEADERS, 'content-security-policy': policy('') })
      return shell(
        'not built yet',
        '<p>The console is missing from this installation. Build it with <code>npm run build</code>.</p>',
      )
    }
    index ??= readFile(`${CONSOLE}index.html`, 'utf8')
    const nonce = randomBytes(16).toString('base64')
    const script = `<script nonce="${nonce}">window.GHOST_API_KEY=${JSON.stringify(key).replaceAll('<', '\\u003c')}</script>`
    reply.headers({
      ...PAGE_HEADERS,
      'content-security-policy': policy(` 'nonce-${nonce}'`),
      'set-cookie': access.cookie(request.raw),
    })
    return (await index).replace(KEY_MARK, () => script)
  }

  function ask(fault: Fault, reply: FastifyReply, wrong: boolean): string {
    reply.code(fault.status).headers({ ...PAGE_HEADERS, 'content-security-policy': policy('') })
    if (fault.retryAfterS !== undefined) reply.header('retry-after', fault.retryAfterS)
    return shell(
      'key needed',
      `<p>${wrong ? `${fault.code === 'unauthorized' ? 'That key is not the right one.' : fault.message}` : 'This console is locked.'}
        Type the key that the gateway was started with (<code>GHOST_API_KEY</code>), or open this page once as <code>/?key=…</code>.</p>
      <form method="post" action="/"><label>key <input name="key" type="password" autocomplete="current-password" required autofocus></label>
        <button>open</button></form>`,
    )
  }

  return {
    /** `GET /`: the page, for who has the key or its cookie; the door otherwise. */
    async index(request: FastifyRequest, reply: FastifyReply): Promise<string> {
      try {
        access.admit(request.raw, 'page')
      } catch (error) {
        if (!(error instanceof Fault)) throw error
        return ask(error, reply, /[?&]key=/.test(request.raw.url ?? ''))
      }
      return show(request, reply)
    },

    /** `POST /`: the door's form. The key travels in a body, so that no history and no log has it. */
    async enter(request: FastifyRequest, reply: FastifyReply): Promise<string> {
      const form = new URLSearchParams(Buffer.isBuffer(request.body) ? request.body.toString('utf8') : '')
      try {
        if (!access.try(request.raw, form.get('key') ?? ''))
          throw new Fault('unauthorized', 'That key is not the right one.')
      } catch (error) {
        if (!(error instanceof Fault)) throw error
        return ask(error, reply, true)
      }
      reply
        .code(303)
        .headers({ location: '/', 'cache-control': 'no-store', 'set-cookie': access.cookie(request.raw) })
      return ''
    },

    /** `POST /leave`: takes the page's cookie back. Whoever may have it needs no key to give it up. */
    leave(request: FastifyRequest, reply: FastifyReply): string {
      access.admitOwn(request.raw)
      reply
        .code(303)
        .headers({ location: '/', 'cache-control': 'no-store', 'set-cookie': access.cookie(request.raw, 0) })
      return ''
    },

    preview(_: FastifyRequest, reply: FastifyReply): string {
      reply.headers({
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-cache',
        'content-security-policy': PREVIEW_POLICY,
        'connection-allowlist': NO_CONNECTION,
      })
      return PREVIEW
    },

    /** The public files of the build. The worker and all that has no hash in its name are asked for anew each time. */
    async asset(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
      const path = (request.raw.url ?? '').replace(/\?.*/s, '')
      if (path === '/index.html') throw new Fault('not_found', 'there is nothing here')
      const { send } = await import('@fastify/send')
      const hashed = path.startsWith('/assets/')
      const sent = await send(request.raw, path, {
        root: CONSOLE,
        index: false,
        dotfiles: 'ignore',
        maxAge: hashed ? YEAR_MS : 0,
        immutable: hashed,
      })
      if (sent.type !== 'file') throw new Fault('not_found', 'there is nothing here')
      reply.code(sent.statusCode).headers(sent.headers)
      if (path.endsWith('.html')) reply.headers({ ...PAGE_HEADERS, 'content-security-policy': policy('') })
      if (!hashed) reply.header('cache-control', 'no-cache')
      return reply.send(sent.stream)
    },
  }
}

/** A page without scripts, for whoever has no key yet. */
function shell(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="robots" content="noindex">
<title>Ghost Interface: ${title}</title>
<link rel="stylesheet" href="/door.css">
</head>
<body>
<main>
<h1>ghost interface</h1>
${body}
</main>
</body>
</html>`
}
