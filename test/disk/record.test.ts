import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Log } from '../../src/gateway/store/log.ts'
import {
  chunksOf,
  endOfRecord,
  headAt,
  putChunks,
  putJson,
  recordAt,
  remark,
} from '../../src/gateway/store/record.ts'
import { Sheet } from '../../src/gateway/store/sheet.ts'
import { batch } from '../store/tools.ts'

const MARK = 0x9abcdef1
const mark = fc.nat(0xffffffff)

/** A record of chunks of these sizes, the first of them number 0. */
function chunksRecord(mark: number, sizes: readonly number[]): { record: Buffer; text: Buffer } {
  const chunks = sizes.map((size, i) => Buffer.alloc(size, i + 1))
  const log = new Log()
  log.append(batch(...chunks), chunks.length)
  const slab = log.slabOf(0)
  if (!slab) throw new Error('there is no slab')
  const sheet = new Sheet()
  const length = putChunks(sheet, mark, 7, slab, 0, chunks.length)
  const record = Buffer.concat(sheet.take())
  expect(record.length).toBe(length)
  return { record, text: Buffer.concat(chunks) }
}

// One chunk's record has 24 bytes more: where the ways to copy and to check change, and a byte to either side.
const LENGTHS = [1, 375, 376, 377, 387, 388, 389, 390, 4095, 4096, 4097, 9000]

test('a record of any length is whole as it was written, and in another segment', () => {
  const lengths = fc.oneof(fc.constantFrom(...LENGTHS), fc.integer({ min: 1, max: 600 }))
  const sizes = fc.oneof(
    lengths.map((it) => [it]),
    fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 40 }),
  )
  fc.assert(
    fc.property(sizes, mark, mark, (sizes, from, to) => {
      fc.pre(from !== to && from !== ~to >>> 0)
      const { record, text } = chunksRecord(from, sizes)
      const whole = recordAt(record, 0, from)
      if (!whole) throw new Error(`a record of ${record.length} bytes is not whole`)
      expect(whole).toEqual({
        type: 'chunks',
        task: 7,
        first: 0,
        chunks: sizes.length,
        start: 0,
        end: record.length,
      })
      expect(Buffer.from(chunksOf(record, whole, 0, 1 << 20).bytes as Uint8Array).equals(text)).toBe(true)
      remark(record, whole, to)
      expect(endOfRecord(record, 0, to)).toBe(record.length)
      expect(endOfRecord(record, 0, from)).toBeUndefined()
    }),
    { numRuns: 500 },
  )
})

test('a record of JSON of any length is whole as it was written', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 600 }), mark, (length, mark) => {
      const sheet = new Sheet()
      const task = { id: 'x'.repeat(length), createdAt: 1 }
      const size = putJson(sheet, mark, 'task', 7, 0, task)
      const record = Buffer.concat(sheet.take())
      expect(record.length).toBe(size)
      expect(recordAt(record, 0, mark)).toMatchObject({ type: 'task', end: size })
    }),
    { numRuns: 500 },
  )
})

test('no bit of a record can be another one, whichever way it is checked', () => {
  for (const length of [60, 375, 376, 377, 388, 389, 600]) {
    const { record } = chunksRecord(MARK, [length, 9])
    for (let bit = 0; bit < 8 * record.length; bit++) {
      record[bit >> 3] = (record[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(endOfRecord(record, 0, MARK)).toBeUndefined()
      record[bit >> 3] = (record[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    }
  }
})

test('a record of a kind that is not known is none, though its checksum holds', () => {
  const { record } = chunksRecord(MARK, [100])
  const head = headAt(record, 0, record.length)
  for (const kind of [3, 0x81, 0xff]) {
    record.writeUInt8(kind, 15)
    remark(record, head, MARK)
    expect(endOfRecord(record, 0, MARK)).toBeUndefined()
  }
  record.writeUInt8(1, 15)
  remark(record, head, MARK)
  expect(endOfRecord(record, 0, MARK)).toBe(record.length)
})
