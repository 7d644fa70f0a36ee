import type { FastifyReply, FastifyRequest } from 'fastify'
import { ask } from './answer.ts'
import type { Departure } from './departure.ts'
import { Fault } from './fault.ts'
import { withFile } from './multipart.ts'
import { accept } from './refusal.ts'
import { bodyOf, goneSignal, relay, sending } from './relay.ts'
import { parseBody, SpeechBody } from './shapes.ts'
import type { Upstream } from './upstream.ts'

/**
 * Aborts when the one who asked has gone, or will say no more. Nothing is written before an engine is done, so somebody who has gone would
 * be taken for one who merely closed his half, and the engine would work for nobody.
 */
function leftSignal(request: FastifyRequest, reply: FastifyReply): Departure {
  const left = goneSignal(reply)
  const leave = () => left.abort()
  if (request.raw.socket.readableEnded) leave()
  request.raw.socket.once('end', leave)
  reply.raw.once('close', () => request.raw.socket.off('end', leave))
  return left
}

/** The voice server's two verbs. Its pool is its own, so a dead one delays nobody else. */
export function voice(server: (() => Promise<Upstream>) | undefined, maxBytes: number, stallMs: number) {
  const up = async (): Promise<Upstream> => {
    if (server) return server()
    throw new Fault(
      'voice_unavailable',
      'voice is off: no voice server was started, and GHOST_VOICE_URL is not set',
    )
  }
  return {
    async hear(request: FastifyRequest, reply: FastifyReply): Promise<void> {
      const to = await up()
      const body = await withFile(request.raw, maxBytes)
      const left = leftSignal(request, reply)
      const answer = await accept(to, await ask(to, sending('/stt', request, body), left))
      return relay(reply, answer, left, stallMs)
    },

    async speak(request: FastifyRequest, reply: FastifyReply): Promise<void> {
      const body = bodyOf(request)
      parseBody(body, SpeechBody)
      const to = await up()
      const call = {
        method: 'POST',
        path: '/tts',
        headers: { 'content-type': 'application/json' },
        body,
      } as const
      const left = leftSignal(request, reply)
      const answer = await accept(to, await ask(to, call, left))
      const type = answer.header('content-type') ?? 'audio/wav'
      return relay(reply, answer, left, stallMs, { 'content-type': type })
    },
  }
}
