import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EventReader } from '../rig/events.ts'
import type { Server } from '../rig/server.ts'

/** Whether all faults are tried: those too that need root, many gigabytes or many minutes. */
export const ALL = process.env.FAULTS === 'all'

/** A directory that outlives the gateways which use it. */
export async function newPlace() {
  const dir = await mkdtemp(join(tmpdir(), 'ghost-faults-'))
  return {
    dir,
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  }
}

/** A streamed answer of a gateway that is a process. */
export interface Answer extends EventReader {
  readonly taskId: string
  /** Goes away without a word. */
  leave(): void
}

async function answer(server: Server, path: string, init: RequestInit = {}): Promise<Answer> {
  const leaving = new AbortController()
  const { body, status, headers } = await server.fetch(path, { ...init, signal: leaving.signal })
  if (!body || status !== 200) throw new Error(`refused with ${status}`)
  return Object.assign(new EventReader(body), {
    taskId: headers.get('x-task-id') ?? '',
    leave: () => leaving.abort(),
  })
}

export const ask = (server: Server): Promise<Answer> =>
  answer(server, '/api/chat', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"messages":[],"stream":true}',
  })

export const resume = (server: Server, id: string, from = 0): Promise<Answer> =>
  answer(server, `/api/chat/resume/${id}?offset=${from}`)

/** Files and sockets that a process has open. */
export const descriptors = async ({ child }: Server): Promise<number> =>
  (await readdir(`/proc/${child.pid}/fd`)).length

/** Time that a process has computed, in milliseconds. */
export async function computed({ child }: Server): Promise<number> {
  const fields = (await readFile(`/proc/${child.pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? []
  // Clock ticks are hundredths of a second on every Linux.
  return (Number(fields[11]) + Number(fields[12])) * 10
}
