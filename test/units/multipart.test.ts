import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cutAt } from '../chat/model.ts'
import { BOUNDARY, envelope, FORM, fileForm, form } from '../rig/multipart.ts'
import { type Received, type Receiver, startReceiver } from './receiver.ts'

const MAX = 8 << 20
let receiver: Receiver

beforeAll(async () => {
  receiver = await startReceiver()
})
afterAll(() => receiver.close())

const send = (pieces: readonly Uint8Array[], maxBytes = MAX, headers: Record<string, string> = FORM) =>
  receiver.send({ pieces, headers, maxBytes })

const bytes = (length: number) => Buffer.alloc(length, 'some bytes of a file ')
/** Buffers are compared by themselves: element by element would take seconds. */
function whole(got: Received, body: Buffer): void {
  expect(got.fault).toBeUndefined()
  expect(got.bytes.equals(body)).toBe(true)
}

/** What lies in the sockets and streams of one connection at most, on our side. */
const IN_TRANSIT = 512 << 10

describe('a form with a file', () => {
  test('comes through byte for byte, however it was split on the way', async () => {
    const before = fc.constantFrom(
      [],
      [{ name: 'note', bytes: 'first' }],
      [{ name: 'other', filename: 'o.bin', bytes: bytes(3000) }],
      [
        { name: 'a', bytes: '' },
        { name: 'b', filename: 'file', bytes: '' },
        { name: 'files', bytes: 'x' },
      ],
    )
    const content = fc.oneof(
      fc.uint8Array({ maxLength: 2000 }),
      fc.constantFrom(
        Buffer.from(`\r\n--${BOUNDARY.slice(0, -1)}\r\n`),
        Buffer.from('\r\n\r\n--\r\n'),
        bytes(200_000),
      ),
    )
    const after = fc.constantFrom([], [{ name: 'file', bytes: 'text' }], [{ name: 'z', bytes: 'last' }])
    await fc.assert(
      fc.asyncProperty(
        before,
        content,
        after,
        fc.array(fc.nat(), { maxLength: 6 }),
        async (head, file, tail, cuts) => {
          const body = form(...head, { name: 'file', filename: 'ü 😀.bin', bytes: file }, ...tail)
          const got = await send(cutAt(body, cuts))
          expect(got.fault).toBeUndefined()
          expect(got.bytes.equals(body)).toBe(true)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('comes through when every byte comes alone', async () => {
    const body = form({ name: 'note', bytes: 'n' }, { name: 'file', filename: 'a', bytes: 'b' })
    const got = await send([...body].map((byte) => Uint8Array.of(byte)))
    whole(got, body)
  })

  test('comes through when the file is empty', async () => {
    const body = fileForm('')
    whole(await send([body]), body)
  })

  test('comes through when megabytes of other parts stand before the file', async () => {
    const body = form(
      { name: 'other', filename: 'o', bytes: bytes(3 << 20) },
      { name: 'file', filename: 'a', bytes: 'x' },
    )
    whole(await send([body]), body)
  })

  test('comes through when it is cut off behind the head of the file: the agent may judge it', async () => {
    const { before } = envelope()
    const body = Buffer.concat([before, bytes(100)])
    whole(await send([body]), body)
  })
})

describe('a form without a file is refused', () => {
  test.each<[string, Buffer]>([
    ['an empty form', Buffer.from(`--${BOUNDARY}--\r\n`)],
    ['an empty body', Buffer.alloc(0)],
    ['no boundary at all', bytes(10_000)],
    ['another name', form({ name: 'document', filename: 'a.bin', bytes: 'x' })],
    ['another case', form({ name: 'File', filename: 'a.bin', bytes: 'x' })],
    ['a text field', form({ name: 'file', bytes: 'x' })],
    [
      'a text field before the file',
      form({ name: 'file', bytes: 'x' }, { name: 'file', filename: 'a', bytes: 'x' }),
    ],
    ['text fields only', form({ name: 'a', bytes: 'x' }, { name: 'b', bytes: 'x' })],
    ['a part without a name', Buffer.from(`--${BOUNDARY}\r\nX: y\r\n\r\nz\r\n--${BOUNDARY}--\r\n`)],
    ['a broken part', Buffer.from(`--${BOUNDARY}\r\n\0\0: \r\n\r\n\r\nz\r\n--${BOUNDARY}--\r\n`)],
    ['a body that stops in the head', envelope().before.subarray(0, -10)],
  ])('%s', async (_, body) => {
    expect((await send([body])).fault).toBe('missing_file')
    expect((await send([...body.subarray(0, 300)].map((byte) => Uint8Array.of(byte)))).fault).toBe(
      'missing_file',
    )
  })

  test.each<[string, Record<string, string>]>([
    ['no type', {}],
    ['JSON', { 'content-type': 'application/json' }],
    ['a form that is none', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['no boundary', { 'content-type': 'multipart/form-data' }],
    ['another boundary', { 'content-type': 'multipart/form-data; boundary=another' }],
    ['nonsense', { 'content-type': ';;;' }],
  ])('whose type is %s', async (_, headers) => {
    expect((await send([fileForm('x')], MAX, headers)).fault).toBe('missing_file')
  })

  test('without more than a megabyte of it being held', async () => {
    const got = await send([
      form({ name: 'other', filename: 'o', bytes: bytes(6 << 20) }, { name: 'file', bytes: '' }),
    ])
    expect(got.fault).toBe('missing_file')
    expect(got.held).toBeLessThan((1 << 20) + IN_TRANSIT)
  })
})

describe('the limit counts every byte of the body', () => {
  const body = fileForm(bytes(100_000))

  test('up to the last one', async () => {
    whole(await send([body], body.length), body)
    const counted = { ...FORM, 'content-length': String(body.length) }
    whole(await send([body], body.length, counted), body)
  })

  test('and refuses one more, after no more than that was given on', async () => {
    const got = await send(cutAt(body, [10_000, 50_000, 90_000]), body.length - 1)
    expect(got.fault).toBe('body_too_large')
    expect(got.bytes.length).toBeLessThan(body.length)
    expect(body.subarray(0, got.bytes.length).equals(got.bytes)).toBe(true)
  })

  test('and refuses a body that declares more before it reads any of it', async () => {
    const counted = { ...FORM, 'content-length': String(body.length) }
    const got = await send([body], body.length - 1, counted)
    expect(got.fault).toBe('body_too_large')
    expect(got.bytes).toHaveLength(0)
  })

  test('and refuses what is too large before there is a file in it', async () => {
    const other = form(
      { name: 'other', filename: 'o', bytes: bytes(50_000) },
      { name: 'file', filename: 'f', bytes: '' },
    )
    expect((await send(cutAt(other, [5000, 20_000]), 10_000)).fault).toBe('body_too_large')
  })
})

describe('nothing but the begin is held', () => {
  test('while a reader takes a large file bit by bit', async () => {
    const got = await send(
      [envelope().before, ...Array<Buffer>(64).fill(bytes(128 << 10)), envelope().after],
      16 << 20,
    )
    expect(got.fault).toBeUndefined()
    expect(got.bytes.length).toBeGreaterThan(8 << 20)
    expect(got.held).toBeLessThan(IN_TRANSIT)
  })

  test('and of that no more than a megabyte', async () => {
    const head = form({ name: 'other', filename: 'o', bytes: bytes(900_000) }).subarray(
      0,
      -`--${BOUNDARY}--\r\n`.length,
    )
    const got = await send([
      head,
      envelope().before,
      ...Array<Buffer>(32).fill(bytes(128 << 10)),
      envelope().after,
    ])
    expect(got.fault).toBeUndefined()
    expect(got.held).toBeLessThan((1 << 20) + IN_TRANSIT)
  })
})
