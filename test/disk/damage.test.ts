import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { DiskStore } from '../../src/gateway/store/disk.ts'
import { ROOMY } from '../store/contract.ts'
import { batch, born, filled, finished, readNow } from '../store/tools.ts'
import { Place } from './place.ts'

/** An answer as it was. */
interface Known {
  readonly id: string
  readonly chunks: readonly string[]
  readonly status: string
}

/** A small journal of two finished answers and one that runs, in one file; and what was in it. */
async function small(place: Place): Promise<{ name: string; bytes: Buffer; known: readonly Known[] }> {
  const store = await place.open()
  const ids = [await born(store), await born(store), await born(store)]
  const chunks = ids.map((_, i) => ['first', 'second'].map((word) => `${i}: ${word}`))
  for (const round of [0, 1])
    await Promise.all(ids.map((id, i) => store.append(id, batch(chunks[i]?.[round] ?? ''))))
  await store.end(ids[0] ?? '', { reason: 'done' })
  await store.end(ids[1] ?? '', { reason: 'cancelled' })
  const [[name, bytes] = ['', Buffer.alloc(0)]] = place.copy().journal()
  await store.close()
  const known = ids.map((id, i) => ({
    id,
    chunks: chunks[i] ?? [],
    status: ['done', 'cancelled', 'interrupted'][i] ?? '',
  }))
  return { name, bytes, known }
}

/** What a store says of each: status and text; never a byte that was not there. */
async function told(store: DiskStore, known: readonly Known[]): Promise<string[]> {
  const all: string[] = []
  for (const { id, chunks, status } of known) {
    const info = await store.info(id)
    if (!info) {
      all.push('gone')
      continue
    }
    const text = String(await readNow(store, id))
    expect(chunks.slice(0, info.chunks).join('')).toBe(text)
    expect(info.bytes).toBe(text.length)
    expect([status, 'interrupted']).toContain(info.status)
    if (info.status !== 'interrupted') expect(info.chunks).toBe(chunks.length)
    all.push(`${info.status} ${text}`)
  }
  return all
}

const whole = (known: readonly Known[]) => known.map(({ chunks, status }) => `${status} ${chunks.join('')}`)

/** The journal as given, opened and told, so many times over. */
async function opened(
  place: Place,
  journal: ReadonlyMap<string, Buffer>,
  known: readonly Known[],
  times = 1,
) {
  place.lay(journal)
  const answers: string[][] = []
  for (let i = 0; i < times; i++) {
    const store = await place.open()
    answers.push(await told(store, known))
    await store.close()
  }
  expect(new Set(answers.map(String)).size).toBe(1)
  return answers[0] ?? []
}

test('F41: a journal cut at any byte gives a beginning of each answer, and the same at five starts', async () => {
  await using place = new Place()
  const { name, bytes, known } = await small(place)
  let before = known.map(() => 'gone')
  for (let length = 0; length <= bytes.length; length++) {
    const now = await opened(place, new Map([[name, bytes.subarray(0, length)]]), known, length % 16 ? 1 : 5)
    for (const [i, text] of now.entries())
      if (before[i] !== 'gone')
        expect(text.split(' ').slice(1).join(' ')).toContain(before[i]?.split(' ').slice(1).join(' '))
    before = now
  }
  expect(before).toEqual(whole(known))
  expect(place.said.length).toBeLessThan(bytes.length)
  expect(new Set(place.said.map((line) => line.replace(/\d+ bytes/g, '… bytes'))).size).toBe(1)
}, 120_000)

test('F41: a flipped bit anywhere never changes a byte, stops a start or touches another answer', async () => {
  await using place = new Place()
  const { name, bytes, known } = await small(place)
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const damaged = Buffer.from(bytes)
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    const now = await opened(place, new Map([[name, damaged]]), known, bit % 97 ? 1 : 5)
    expect(now.filter((text, i) => text !== whole(known)[i]).length).toBeLessThanOrEqual(1)
  }
}, 120_000)

test('what is no record is passed over, wherever it is, and the answers behind it are whole', async () => {
  await using place = new Place()
  const { name, bytes, known } = await small(place)
  const garbage = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 200 }),
    fc.integer({ min: 1, max: 5000 }).map((length) => new Uint8Array(length)),
    // The beginning of what could be a record.
    fc.nat(bytes.length).map((length) => bytes.subarray(0, length)),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(garbage, { minLength: 1, maxLength: 3 }), async (pieces) => {
      const behind = Buffer.concat([bytes, ...pieces])
      expect(await opened(place, new Map([[name, behind]]), known, 2)).toEqual(whole(known))
    }),
    { numRuns: 60 },
  )
})

test('F41: a tail of zeros is cut, and said in one line', async () => {
  await using place = new Place()
  const { name, bytes, known } = await small(place)
  const zeros = Buffer.alloc(1 << 20)
  expect(await opened(place, new Map([[name, Buffer.concat([bytes, zeros])]]), known, 5)).toEqual(
    whole(known),
  )
  expect(place.said).toEqual([
    'the journal was damaged: 1048576 bytes of a torn tail cut, 0 bytes passed over; no known answer is damaged',
  ])
})

test('F42: a damaged middle leaves the beginning of the one answer it hits, and names it', async () => {
  await using place = new Place()
  const { name, bytes, known } = await small(place)
  const at = bytes.indexOf('0: second')
  const damaged = Buffer.from(bytes)
  damaged.fill(0xff, at, at + 4)
  const expected = ['interrupted 0: first', ...whole(known).slice(1)]
  expect(await opened(place, new Map([[name, damaged]]), known, 5)).toEqual(expected)
  expect(place.said).toHaveLength(5)
  for (const line of place.said.slice(1)) expect(line).toContain('no known answer is damaged')
  expect(place.said[0]).toMatch(
    /^the journal was damaged: 0 bytes of a torn tail cut, \d+ bytes passed over; /,
  )
  expect(place.said[0]).toContain(`set aside behind the damage: ${known[0]?.id}`)
  const store = await place.open()
  expect((await store.info(known[0]?.id ?? ''))?.end).toMatchObject({
    reason: 'interrupted',
    type: 'Interrupted',
    message: 'a part of this answer was damaged on the disk',
  })
})

test('damage in the last words of an answer that ran is said too', async () => {
  await using place = new Place()
  const { name, bytes, known } = await small(place)
  const damaged = Buffer.from(bytes)
  damaged.fill(0xff, bytes.indexOf('2: second'), bytes.indexOf('2: second') + 4)
  const expected = [...whole(known).slice(0, 2), 'interrupted 2: first']
  expect(await opened(place, new Map([[name, damaged]]), known)).toEqual(expected)
  expect(place.said[0]).toContain(`set aside behind the damage: ${known[2]?.id}`)
})

test('what was set aside stays so, though the disk has it again', async () => {
  await using place = new Place()
  const { name, bytes, known } = await small(place)
  const at = bytes.indexOf('0: second')
  const damaged = Buffer.from(bytes)
  damaged.fill(0xff, at, at + 4)
  const expected = ['interrupted 0: first', ...whole(known).slice(1)]
  expect(await opened(place, new Map([[name, damaged]]), known)).toEqual(expected)
  const journal = place.journal()
  journal.get(name)?.set(bytes)
  expect(await opened(place, journal, known, 2)).toEqual(expected)
})

test('F42: segments with nothing, with garbage, with a gap between them or of another name stop nothing', async () => {
  await using place = new Place()
  const first = await place.open({ segmentBytes: 100 })
  const ids = []
  for (let i = 0; i < 8; i++) ids.push(await finished(first, batch(`answer ${i}`)))
  await first.close()
  const journal = place.journal()
  const names = [...journal.keys()]
  expect(names.length).toBeGreaterThan(4)
  writeFileSync(place.path('00000002-00000000.journal'), '')
  writeFileSync(place.path('00000099-deadbeef.journal'), randomBytes(5000))
  for (const name of ['notes.txt', '.journal', 'x.journal', '1-2.journal', '00000001.journal', 'lock.1.old'])
    writeFileSync(place.path(name), randomBytes(100))
  mkdirSync(place.path('00000098-deadbeef.journal'))
  const store = await place.open()
  for (const [i, id] of ids.entries()) expect(String(await readNow(store, id))).toBe(`answer ${i}`)
  await finished(store, batch('one more'))
  await store.close()
  rmSync(place.path(names[3] ?? ''))
  const again = await place.open()
  const left = await Promise.all(ids.map(async (id) => (await again.info(id))?.status))
  expect(left.filter((status) => status === 'done').length).toBeGreaterThanOrEqual(6)
})

test('an answer that spells the journal is never taken for it, though what is before it is damaged', async () => {
  await using place = new Place()
  const { bytes, known } = await small(place)
  await using other = new Place()
  const store = await other.open()
  // It knows the form of records, but not the mark of the file it will be in.
  const id = await finished(store, batch('before'), batch(bytes), batch('after'))
  await store.close()
  const [[name, journal] = ['', Buffer.alloc(0)]] = other.journal()
  const at = journal.indexOf(bytes)
  journal.fill(0, at - 20, at)
  other.lay(new Map([[name, journal]]))
  const again = await other.open()
  expect((await again.list()).map((info) => info.id)).toEqual([id])
  expect(String(await readNow(again, id))).toBe('before')
  for (const { id } of known) expect(await again.info(id)).toBeUndefined()
})

test('damage that is found while reading leaves the beginning, also after the next start', async () => {
  await using place = new Place()
  const limits = { ...ROOMY, totalBytes: 1_000_000 }
  const first = await place.open({ limits, segmentBytes: 100_000 })
  const id = await finished(first, ...Array.from({ length: 9 }, () => filled(90_000)))
  const other = await finished(first, filled(900_000))
  const [, second = ''] = [...place.journal().keys()]
  const damaged = place.journal().get(second) ?? Buffer.alloc(0)
  damaged.fill(0xff, damaged.length - 50_000, damaged.length - 40_000)
  writeFileSync(place.path(second), damaged)
  const text = await readNow(first, id)
  const info = await first.info(id)
  expect(info).toMatchObject({ status: 'interrupted', bytes: text.length })
  expect(text.length).toBeGreaterThan(0)
  expect(text.length).toBeLessThan(9 * 90_000)
  expect((await first.read(id, 1000))?.end).toMatchObject({ type: 'Interrupted' })
  expect(place.said).toEqual([
    `the answer ${id} is damaged on the disk: its first ${info?.chunks} chunks are left`,
  ])
  expect(await readNow(first, other)).toHaveLength(900_000)
  await first.close()
  const store = await place.open({ limits })
  expect(await store.info(id)).toEqual(info)
  expect((await readNow(store, id)).equals(text)).toBe(true)
  expect(place.said[1]).toContain('no known answer is damaged')
})
