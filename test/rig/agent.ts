import { hello, json } from './answers.ts'
import { type Script, startUpstream, type Upstream } from './upstream.ts'

export const FILE = Buffer.from('the contents of a file\n')

/** Streams when asked to, as the contract has it; otherwise one JSON body. */
const chat: Script = async (call) => {
  const body = (await call.json()) as { stream?: boolean }
  if (body.stream) await hello(call)
  else await json(200, { choices: [{ message: { role: 'assistant', content: 'hello' } }] })(call)
}

const download: Script = (call) => {
  call.head(200, {
    'content-type': 'text/plain',
    'content-length': String(FILE.length),
    etag: '"v1"',
    'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT',
  })
  if (call.method === 'HEAD') call.end()
  else call.end(FILE)
}

const save: Script = async (call) => {
  await call.read()
  call.head(200, {
    'content-type': 'application/zip',
    'content-disposition': 'attachment; filename="workspace.zip"',
  })
  call.end(Buffer.from('PK\u0005\u0006'.padEnd(22, '\0'), 'latin1'))
}

/** The agent's side of the wire, with an answer for every endpoint until a test gives it another. */
export const startAgent = (): Promise<Upstream> =>
  startUpstream({
    'POST /api/chat': chat,
    'POST /api/turn/cancel': json(200, { cancelled: true }),
    'POST /api/upload': json(200, { filename: 'stored' }),
    'GET /api/download/': download,
    'HEAD /api/download/': download,
    'POST /api/workspace/save': save,
    'POST /api/workspace/load': json(200, { status: 'loaded' }),
    'GET /healthz': json(200, { status: 'ok' }),
  })
