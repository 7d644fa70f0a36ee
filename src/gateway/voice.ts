import type { FastifyReply, FastifyRequest } from 'fastify'
import { accept, ask } from './answer.ts'
import { Fault } from './fault.ts'
import { withFile } from './multipart.ts'
import { bodyOf, goneSignal, relay, sending } from './relay.ts'
import { parseBody, SpeechBody } from './shapes.ts'
import type { Upstream } from './upstream.ts'

/** The voice server's two verbs. Its pool is its own, so a dead one delays nobody else. */
export function voice(server: Upstream | undefined, maxBytes: number) {
  const up = (): Upstream => {
    if (server) return server
    throw new Fault('voice_unavailable', 'voice is off: set GHOST_VOICE_URL to the address of a voice server')
  }
  return {
    async hear(request: FastifyRequest, reply: FastifyReply): Promise<void> {
      const to = up()
      const body = await withFile(request.raw, maxBytes)
      return relay(reply, await accept(to, await ask(to, sending('/stt', request, body), goneSignal(reply))))
    },

    async speak(request: FastifyRequest, reply: FastifyReply): Promise<void> {
      const body = bodyOf(request)
      parseBody(body, SpeechBody)
      const to = up()
      const call = {
        method: 'POST',
        path: '/tts',
        headers: { 'content-type': 'application/json' },
        body,
      } as const
      const answer = await accept(to, await ask(to, call, goneSignal(reply)))
      return relay(reply, answer, { 'content-type': answer.header('content-type') ?? 'audio/wav' })
    },
  }
}
