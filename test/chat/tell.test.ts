import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { Pulses } from '../../src/gateway/chat/pulses.ts'
import { tell } from '../../src/gateway/chat/tell.ts'
import { MemoryStore } from '../../src/gateway/store/memory.ts'

const LIMITS = { taskBytes: 1 << 20, totalBytes: 1 << 20, tasks: 4, ttlMs: 60_000 }

test('an answer that was destroyed while it waited behind another one lets its reader go', async () => {
  const store = new MemoryStore(LIMITS)
  const { id } = await store.create({ id: 'a' })
  const raw = new ServerResponse(new IncomingMessage(new Socket()))
  raw.writeHead(200)
  const over = tell(store, id, 0, { pulses: new Pulses(60_000), stallMs: 60_000 }, raw)
  raw.destroy()
  await store.append(id, { bytes: Buffer.from('data: a\n\n'), ends: [9], count: 1 })
  await store.end(id, { reason: 'done' })
  await over
  expect(raw.destroyed).toBe(true)
  expect(raw.socket).toBeNull()
})
