/**
 * A process to be killed: four answers at a time, each with a reader that tells on standard output what it was shown: `id next`.
 * Some end and new ones begin; the memory is small, so that what ended is soon on the disk alone; it is swept now and then.
 */
import { randomUUID } from 'node:crypto'
import { writeSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { Pulses } from '../../../src/gateway/chat/pulses.ts'
import { DiskStore } from '../../../src/gateway/store/disk.ts'
import { follow } from '../../chat/shown.ts'
import { chunkOf } from './chunk.ts'

const dir = process.argv[2] ?? ''
const limits = { taskBytes: 1_000_000, totalBytes: 300_000, tasks: 50, ttlMs: 600_000 }
const store = await DiskStore.open({ dir, limits, fsync: '1s', segmentBytes: 64_000, say: () => {} })
writeSync(1, `open ${process.pid}\n`)

const pulses = new Pulses(60_000)

async function show(id: string): Promise<void> {
  await follow(store, id, 0, pulses, new AbortController().signal, (page) => {
    writeSync(1, `${id} ${page.next}${page.end ? ' done' : ''}\n`)
    return undefined
  })
}

async function answer(): Promise<void> {
  const id = randomUUID()
  await store.create({ id })
  const shown = show(id)
  const length = 20 + Math.floor(Math.random() * 400)
  let number = 0
  while (number < length) {
    const chunks = Array.from({ length: 1 + Math.floor(Math.random() * 4) }, () => chunkOf(id, number++))
    let end = 0
    const ends = chunks.map((chunk) => (end += chunk.length))
    if ((await store.append(id, { bytes: Buffer.concat(chunks), ends, count: ends.length })) !== 'stored')
      break
    if (Math.random() < 0.3) await turn()
  }
  const full = { reason: 'truncated', type: 'BufferCapExceeded', message: '' } as const
  await store.end(id, number >= length ? { reason: 'done' } : full)
  await shown
}

async function forEver(act: () => Promise<unknown>): Promise<never> {
  for (;;) await act()
}

if (process.argv[3] !== 'idle')
  await Promise.all([
    ...[1, 2, 3, 4].map(() => forEver(answer)),
    forEver(async () => {
      for (let i = 0; i < 200; i++) await turn()
      await store.sweep()
    }),
  ])
