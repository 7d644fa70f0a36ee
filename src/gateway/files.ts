import type { FastifyReply, FastifyRequest } from 'fastify'
import { ask } from './answer.ts'
import { withFile } from './multipart.ts'
import { accept } from './refusal.ts'
import { bodyOf, goneSignal, relay, sending } from './relay.ts'
import { safePath } from './safepath.ts'
import { AnyJson, parseBody } from './shapes.ts'
import type { Upstream } from './upstream.ts'

const DOWNLOAD = '/api/download/'
/** Conditions and ranges are the agent's to answer. */
const CONDITIONS = ['range', 'if-range', 'if-none-match', 'if-modified-since'] as const
/** What a browser would run in the console's own origin. */
const RUNNABLE = /^(text\/html|application\/xhtml\+xml|text\/xml|application\/xml|[\w.-]+\/[\w.-]+\+xml)\b/i

/** Files between browser and agent: streams both ways, counted and named, never held. */
export function files(agent: Upstream, maxBytes: number, stallMs: number) {
  const send = (path: string) => async (request: FastifyRequest, reply: FastifyReply) => {
    const body = await withFile(request.raw, maxBytes)
    const gone = goneSignal(reply)
    const answer = await accept(agent, await ask(agent, sending(path, request, body), gone))
    return relay(reply, answer, gone, stallMs)
  }
  return {
    upload: send('/api/upload'),
    load: send('/api/workspace/load'),

    async save(request: FastifyRequest, reply: FastifyReply): Promise<void> {
      const body = bodyOf(request)
      if (body.length > 0) parseBody(body, AnyJson)
      const call = {
        method: 'POST',
        path: '/api/workspace/save',
        headers: { 'content-type': 'application/json' },
        body: body.length > 0 ? body : Buffer.from('{}'),
      } as const
      const gone = goneSignal(reply)
      return relay(reply, await accept(agent, await ask(agent, call, gone)), gone, stallMs)
    },

    async download(request: FastifyRequest, reply: FastifyReply): Promise<void> {
      const path = safePath(request.raw.url ?? '', DOWNLOAD)
      const headers: Record<string, string> = {}
      for (const name of CONDITIONS) {
        const value = request.headers[name]
        if (typeof value === 'string') headers[name] = value
      }
      const method = request.method === 'HEAD' ? 'HEAD' : 'GET'
      const call = { method, path: DOWNLOAD + path, headers } as const
      const gone = goneSignal(reply)
      const answer = await accept(agent, await ask(agent, call, gone), true)
      const type = answer.header('content-type') ?? 'application/octet-stream'
      const disposition = answer.header('content-disposition')
      return relay(reply, answer, gone, stallMs, {
        'content-type': type,
        'content-security-policy': "sandbox; default-src 'none'",
        ...(RUNNABLE.test(type.trim()) && { 'content-disposition': attachment(disposition, path) }),
      })
    },
  }
}

/** The agent's disposition if it is an attachment, or one that carries the file's name in both forms. */
function attachment(given: string | undefined, path: string): string {
  if (given && /^\s*attachment\b/i.test(given)) return given
  const name = path.slice(path.lastIndexOf('/') + 1)
  const plain = decodeURIComponent(name).replace(/[^\x20-\x7e]|["\\%]/g, '_')
  const star = name.replace(/['()*!]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
  return `attachment; filename="${plain}"; filename*=UTF-8''${star}`
}
