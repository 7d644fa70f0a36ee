import fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify'
import { chooseListener, chooseSpeaker } from './choice.ts'
import type { Choice } from './engine.ts'
import { hear } from './hear.ts'
import { findProgram, searchPath } from './program.ts'
import { asRefusal, Refusal } from './refusal.ts'
import type { VoiceSettings } from './settings.ts'
import { ANSWER_MS, readWish, speak, TEXT_CHARS } from './speak.ts'
import { Turnstile } from './turnstile.ts'

/** Requests that are looked after at once, in each direction. The next one is refused. */
const SPEAKING = 16
const HEARING = 16
/** A JSON escape can make twelve bytes of a character. */
const JSON_BYTES = TEXT_CHARS * 12 + 4_096
const RECEIVE_MS = 120_000
const RETRY_S = 2

export interface VoiceOptions extends VoiceSettings {
  /** Where programs are looked for, as PATH has it. */
  readonly path?: string | undefined
  /** In place of that and of the usual places. */
  readonly dirs?: readonly string[]
  readonly host?: string
  /** 0, the default, takes a free one. */
  readonly port?: number
  /** Takes a line about a failure that nobody asked for. */
  readonly tell?: (line: string) => void
}

/** What `GET /` tells of one direction. */
export type Standing =
  | { readonly state: 'up'; readonly engine: string }
  | { readonly state: 'off'; readonly detail: string }

export interface Voice {
  readonly url: string
  readonly stt: Standing
  readonly tts: Standing
  /** Both in a few words, for people. */
  readonly told: string
  /** Ends what runs, then the server. */
  close(): Promise<void>
}

/**
 * Starts the voice server: `POST /stt` and `POST /tts`, as a Raspberry Pi has them. Its engines are started when they are needed.
 * @throws when the port is taken
 */
export async function startVoice(options: VoiceOptions): Promise<Voice> {
  const { host = '127.0.0.1', port = 0, tell = () => {} } = options
  const dirs = options.dirs ?? searchPath(options.path)
  const speaker = chooseSpeaker(options.tts, dirs)
  const listener = chooseListener(options.stt, dirs)
  const standing = { stt: standingOf(listener), tts: standingOf(speaker) }
  const closing = new AbortController()
  const app = newServer(tell)

  app.get('/', async () => ({ status: 'ok', ...standing }))

  const speaking = new Turnstile(SPEAKING, 0)
  const speakTurns = turnsOf(speaker)
  app.post('/tts', async (request, reply) => {
    const wish = readWish(request.body)
    const engine = engineOf(speaker)
    const signal = AbortSignal.any([goneSignal(reply), closing.signal])
    const open = () => {
      reply.hijack()
      return reply.raw
    }
    await speaking
      .pass(() => speak({ engine, turns: speakTurns, defaults: options.tts }, wish, open, signal), signal)
      .catch((error) => {
        // Once the sound has begun there is nobody left who could be answered.
        if (reply.raw.headersSent && !signal.aborted) tellOf(asRefusal(error), tell)
        throw error
      })
  })

  const hearing = new Turnstile(HEARING, 0)
  const hearTurns = turnsOf(listener)
  const ffmpeg = findProgram('ffmpeg', dirs)
  app.post('/stt', async (request, reply) => {
    const engine = engineOf(listener)
    const signal = AbortSignal.any([goneSignal(reply), closing.signal, AbortSignal.timeout(ANSWER_MS)])
    return hearing.pass(
      async () => ({ text: await hear({ engine, ffmpeg, turns: hearTurns }, request.raw, signal) }),
      signal,
    )
  })

  const url = await app.listen({ host, port })
  return {
    url,
    ...standing,
    told: `${toldOf('speaks', standing.tts)}; ${toldOf('hears', standing.stt)}`,
    async close() {
      closing.abort(new Refusal('voice_unavailable', 'the voice server stops'))
      await app.close()
      await Promise.all([speaking.empty(), hearing.empty()])
      if ('engine' in speaker) await speaker.engine.close()
    },
  }
}

function newServer(tell: (line: string) => void): FastifyInstance {
  const app = fastify({ bodyLimit: JSON_BYTES, forceCloseConnections: true, requestTimeout: RECEIVE_MS })
  app.removeContentTypeParser('text/plain')
  app.addContentTypeParser('multipart/form-data', (_request, _payload, done) => done(null))
  app.addHook('onRequest', async ({ headers }) => {
    // It asks for no key. A page in a browser on this machine or network is nobody it should work for.
    if (headers.origin !== undefined) throw new Refusal('origin_refused', 'this is not for pages')
  })
  app.setErrorHandler<FastifyError>((error, _request, reply) => answer(error, reply, tell))
  app.setNotFoundHandler((_request, reply) =>
    answer(new Refusal('not_found', 'there is no such endpoint'), reply, tell),
  )
  return app
}

function standingOf(choice: Choice<{ readonly name: string }>): Standing {
  return 'engine' in choice
    ? { state: 'up', engine: choice.engine.name }
    : { state: 'off', detail: choice.missing }
}

function toldOf(what: string, standing: Standing): string {
  return standing.state === 'up' ? `${what} with ${standing.engine}` : `${what} nothing: ${standing.detail}`
}

function turnsOf(choice: Choice<{ readonly parallel: number }>): Turnstile {
  return new Turnstile('engine' in choice ? choice.engine.parallel : 1, SPEAKING + HEARING)
}

function engineOf<E>(choice: Choice<E>): E {
  if ('engine' in choice) return choice.engine
  throw new Refusal('voice_unavailable', choice.missing)
}

/** Aborts when the one who asked has gone. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort()
  })
  return gone.signal
}

function answer(error: unknown, reply: FastifyReply, tell: (line: string) => void): void {
  const refusal = asRefusal(error)
  tellOf(refusal, tell)
  if (refusal.code === 'voice_busy') reply.header('retry-after', RETRY_S)
  reply.code(refusal.status).type('application/json; charset=utf-8')
  reply.send({ error: refusal.message, code: refusal.code })
}

/** What an engine said of its failure is for the operator. */
function tellOf(refusal: Refusal, tell: (line: string) => void): void {
  if (refusal.cause !== undefined) tell(`voice: ${refusal.message}: ${refusal.cause}`)
}
