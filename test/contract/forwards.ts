import type { Response } from 'undici'
import { FORM, fileForm } from '../rig/multipart.ts'
import { messages, type Rig } from '../rig/rig.ts'
import type { Upstream } from '../rig/upstream.ts'

/** Every endpoint that passes a question on and its answer back, with a question that is right. */
export interface Forward {
  readonly name: string
  readonly kind: 'agent' | 'voice'
  /** As the upstream sees it. */
  readonly route: string
  ask(rig: Rig, headers?: Record<string, string>): Promise<Response>
}

const upload =
  (path: string): Forward['ask'] =>
  (rig, headers = {}) =>
    rig.fetch(path, { method: 'POST', headers: { ...FORM, ...headers }, body: fileForm('bytes') })
const post =
  (path: string, body: object): Forward['ask'] =>
  (rig, headers = {}) =>
    rig.post(path, body, headers)

export const FORWARDS: readonly Forward[] = [
  {
    name: 'chat without a stream',
    kind: 'agent',
    route: 'POST /api/chat',
    ask: post('/api/chat', { messages: messages() }),
  },
  { name: 'upload', kind: 'agent', route: 'POST /api/upload', ask: upload('/api/upload') },
  {
    name: 'download',
    kind: 'agent',
    route: 'GET /api/download/a.txt',
    ask: (rig, headers = {}) => rig.fetch('/api/download/a.txt', { headers }),
  },
  {
    name: 'workspace save',
    kind: 'agent',
    route: 'POST /api/workspace/save',
    ask: post('/api/workspace/save', { messages: messages() }),
  },
  {
    name: 'workspace load',
    kind: 'agent',
    route: 'POST /api/workspace/load',
    ask: upload('/api/workspace/load'),
  },
  { name: 'speech to text', kind: 'voice', route: 'POST /stt', ask: upload('/api/stt') },
  {
    name: 'text to speech',
    kind: 'voice',
    route: 'POST /tts',
    ask: post('/api/tts', { text: 'hello' }),
  },
]

export const upstreamOf = (rig: Rig, { kind }: Forward): Upstream => rig[kind]
