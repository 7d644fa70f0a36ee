import { expect } from 'vitest'
import { KEY, type Rig } from '../rig/rig.ts'
import type { Script } from '../rig/upstream.ts'
import type { RawAnswer } from '../rig/wire.ts'

/** Asks with the key, on a connection of its own, in bytes that no client would make better. */
export async function ask(rig: Rig, target: string, ...headers: readonly string[]): Promise<RawAnswer> {
  const lines = [`GET ${target} HTTP/1.1`, 'Host: a', `X-Ghost-Key: ${KEY}`, 'Connection: close', ...headers]
  const wire = rig.wire()
  await wire.write(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'))
  const answer = await wire.answer()
  wire.leave()
  return answer
}

/** That nothing was broken: the next one is served. */
export const alive = async (rig: Rig) => expect((await rig.stranger('/healthz')).status).toBe(200)

export const plain: Script = (call) => {
  call.head(200, { 'content-type': 'text/plain' })
  call.end('x')
}
