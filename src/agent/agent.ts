import { createHash, timingSafeEqual } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify'
import { KEY_HEADER } from '../protocol.ts'
import { type Chat, openChat } from './chat.ts'
import type { Mind } from './delta.ts'
import { demo } from './demo.ts'
import { attachment, download } from './download.ts'
import { type Journal, openJournal } from './journal.ts'
import { pack } from './pack.ts'
import { asRefusal, Refusal } from './refusal.ts'
import { inBytes } from './tools.ts'
import { unpack } from './unpack.ts'
import { receiveFile } from './upload.ts'
import { openWorkspace, type Workspace } from './workspace.ts'

/** The gateway in front has the limits a person meets; these only bound what one request can do here. */
const JSON_BYTES = 64_000_000
const UPLOAD_BYTES = 4_000_000_000

export interface AgentOptions {
  /** What callers present as `X-Ghost-Key`. */
  readonly key: string
  /** Holds `workspace/`, `workspace.tmp/` and `agent.log`; made if absent. */
  readonly dataDir: string
  /** An OpenAI-compatible server; without one the agent is an offline demo. */
  readonly llm?:
    | { readonly url: string; readonly model: string; readonly key: string | undefined }
    | undefined
  /** On 127.0.0.1; 0, the default, takes a free one. */
  readonly port?: number
  /** Mean pause between the demo's words, in milliseconds. */
  readonly paceMs?: number
}

export interface Agent {
  readonly url: string
  readonly logFile: string
  readonly workspace: string
  /** Stops running turns, then the server. */
  close(): Promise<void>
}

/**
 * Starts the embedded agent: an HTTP server on the loopback that speaks the agent's side of the protocol.
 * @throws when the folder cannot be written or the port is taken
 */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { key, dataDir, llm } = options
  await mkdir(dataDir, { recursive: true })
  const logFile = join(dataDir, 'agent.log')
  const journal = openJournal(logFile, [key, llm?.key ?? ''])
  const workspace = await openWorkspace(join(dataDir, 'workspace'))
  // The model's libraries take half a second to load; the demo does without them.
  const mind = llm
    ? (await import('./model.ts')).connectModel(llm, workspace)
    : demo(workspace, options.paceMs)
  const chat = openChat(mind, journal)
  const app = serve({ key, workspace, journal, mind, chat })
  const url = await app.listen({ host: '127.0.0.1', port: options.port ?? 0 })
  journal.tell('👻', 'AGENT READY', llm ? `model ${llm.model}` : 'demo, no model')
  return {
    url,
    logFile,
    workspace: workspace.root,
    async close() {
      chat.close()
      await app.close()
      await mind.close()
      journal.tell('💤', 'AGENT STOPPED')
    },
  }
}

interface Parts {
  readonly key: string
  readonly workspace: Workspace
  readonly journal: Journal
  readonly mind: Mind
  readonly chat: Chat
}

function serve({ key, workspace, journal, mind, chat }: Parts): FastifyInstance {
  const admit = guard(key)
  const app = fastify({
    bodyLimit: JSON_BYTES,
    forceCloseConnections: true,
    // How long a slow upload may take is the gateway's decision.
    requestTimeout: 0,
    routerOptions: { maxParamLength: 4_096 },
    frameworkErrors: (error, request, reply) => {
      try {
        admit(request.raw)
        answer(error, reply, journal)
      } catch (refusal) {
        answer(refusal, reply, journal)
      }
    },
  })
  app.removeContentTypeParser('text/plain')
  app.addContentTypeParser('multipart/form-data', (_request, _payload, done) => done(null))
  app.addHook('onRequest', async (request) => admit(request.raw))
  app.setErrorHandler<FastifyError>((error, _request, reply) => answer(error, reply, journal))
  app.setNotFoundHandler((_request, reply) =>
    answer(new Refusal('not_found', 'there is no such endpoint'), reply, journal),
  )

  app.get('/api/health', async () => ({ status: 'ok', model: mind.model }))
  app.post('/api/chat', (request, reply) => chat.post(request, reply))
  app.post('/api/turn/cancel', async (request) => ({ cancelled: chat.cancel(readRequestId(request.body)) }))
  app.route({
    method: ['GET', 'HEAD'],
    url: '/api/download/*',
    handler: (request, reply) => download(workspace, journal, request, reply),
  })
  app.post('/api/upload', (request) => upload(workspace, journal, multipart(request)))
  app.post('/api/workspace/save', (request, reply) => save(workspace, journal, request.body, reply))
  app.post('/api/workspace/load', (request) => load(workspace, journal, multipart(request)))
  return app
}

async function upload(workspace: Workspace, journal: Journal, request: IncomingMessage) {
  const draft = workspace.scratch()
  const { name, size } = await receiveFile(request, draft, UPLOAD_BYTES)
  const filename = await workspace.adopt(draft, name)
  journal.tell('📥', 'FILE UPLOADED', `${filename} (${inBytes(size)})`)
  return { filename, path: filename, size }
}

async function save(workspace: Workspace, journal: Journal, body: unknown, reply: FastifyReply) {
  const isEmpty = typeof body !== 'object' || body === null || Object.keys(body).length === 0
  const packed = await pack(workspace, isEmpty ? undefined : body)
  const time = new Date().toISOString().slice(0, 19).replace('T', '-').replaceAll(':', '')
  for (const name of packed.skipped) journal.error(`not saved, since no archive may hold its name: ${name}`)
  journal.tell('💾', 'WORKSPACE SAVED', `files: ${packed.files}, ${inBytes(packed.bytes)}`)
  reply.headers({
    'content-type': 'application/zip',
    'content-disposition': attachment(`ghost-workspace-${time}.zip`),
  })
  packed.stream.once('error', (error) => journal.error(error))
  return reply.send(packed.stream)
}

async function load(workspace: Workspace, journal: Journal, request: IncomingMessage) {
  const archive = workspace.scratch()
  const staged = workspace.scratch()
  try {
    await receiveFile(request, archive, UPLOAD_BYTES)
    const { files, bytes, conversation } = await unpack(archive, staged)
    await workspace.replaceBy(staged)
    journal.tell('📦', 'WORKSPACE LOADED', `files: ${files}, ${inBytes(bytes)}`)
    return { files, bytes, conversation: conversation ?? null }
  } finally {
    await rm(archive, { force: true })
    await rm(staged, { recursive: true, force: true })
  }
}

function multipart(request: { readonly raw: IncomingMessage }): IncomingMessage {
  if (!/^multipart\/form-data\b/i.test(request.raw.headers['content-type'] ?? ''))
    throw new Refusal('missing_file', 'the body must be multipart/form-data with a part named file')
  return request.raw
}

function readRequestId(body: unknown): string {
  const id = typeof body === 'object' && body !== null && 'request_id' in body ? body.request_id : undefined
  if (typeof id !== 'string') throw new Refusal('invalid_request', 'request_id must be a string')
  return id
}

/** Throws unless the header is there once and is the key; takes the same time for every wrong one. */
function guard(key: string): (request: IncomingMessage) => void {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  const right = digest(key)
  return (request) => {
    const given = request.headersDistinct[KEY_HEADER] ?? []
    const same = timingSafeEqual(digest(given[0] ?? ''), right)
    if (!same || given.length !== 1) throw new Refusal('unauthorized', 'X-Ghost-Key is missing or wrong')
  }
}

function answer(error: unknown, reply: FastifyReply, journal: Journal): void {
  const refusal = asRefusal(error)
  // A refusal has been told by who threw it, where it deserved that.
  if (refusal !== error && refusal.status >= 500) journal.error(refusal)
  // An error is told as one, whatever the route had begun to say of a file.
  for (const header of ['content-disposition', 'content-length']) reply.removeHeader(header)
  reply.code(refusal.status).type('application/json; charset=utf-8')
  reply.send({ error: refusal.message, code: refusal.code })
}
