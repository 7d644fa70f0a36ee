import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { RedisServer } from '../redis/server.ts'
import { isEvent, words } from '../rig/events.ts'
import { freePort, type Server, startServer } from '../rig/server.ts'
import { within } from '../rig/wait.ts'
import { ask, resume } from './place.ts'
import { startTickingAgent, TICKS } from './tickingagent.ts'

/** Reads an answer to its end, some events here, the next ones there, at whichever gateway takes a question now. */
async function hop(gateways: readonly Server[], id: string, first: number): Promise<string> {
  let said = ''
  for (let from = 0, at = first; ; at += 1) {
    const gateway = gateways[at % gateways.length]
    const stream = gateway && (await resume(gateway, id, from).catch(() => undefined))
    for (let few = 0; stream && few < 60; few += 1) {
      const item = await stream.next().catch(() => undefined)
      if (!item) break
      if (!isEvent(item)) continue
      if (item.id !== String(from)) throw new Error(`${JSON.stringify(item)} came for ${from}`)
      from += 1
      if (item.data === '[DONE]') return said
      said += words([item])
    }
    stream?.leave()
    // Nobody may be there at this moment.
    if (!stream) await pause(10)
  }
}

test('F64: two gateways are restarted in turn under a hundred answers, and no reader misses a word or hears one twice', {
  timeout: 120_000,
}, async () => {
  await using redis = await RedisServer.start('--appendonly', 'no')
  await using agent = await startTickingAgent(await freePort())
  const env = { GHOST_AGENT_URL: agent.url, GHOST_STORE: redis.url }
  const all: Server[] = []
  const start = async () => {
    const server = await startServer(env)
    all.push(server)
    return server
  }
  try {
    const gateways = [await start(), await start()]
    const readings: Promise<string>[] = []
    for (const [n, old] of gateways.entries()) {
      const streams = await Promise.all(Array.from({ length: 50 }, () => ask(old)))
      for (const [i, { taskId }] of streams.entries()) readings.push(hop(gateways, taskId, i))
      old.child.kill('SIGTERM')
      const { exitCode, stderr } = await within('the end of a gateway', old.exited)
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
      gateways[n] = await start()
    }
    const said = await within('all readers', Promise.all(readings), 60_000)
    expect(said).toHaveLength(100)
    expect(new Set(said)).toEqual(new Set([TICKS]))
  } finally {
    for (const server of all) await server[Symbol.asyncDispose]()
  }
})
