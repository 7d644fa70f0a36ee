import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CUT_MARK, LINE_BYTES, Lines } from '../../src/gateway/logs/lines.ts'
import { linesOf, splitAt } from './model.ts'

test('tells the same lines however the bytes were split', () => {
  fc.assert(
    fc.property(bytesWithLines, fc.array(fc.nat(200), { maxLength: 8 }), (bytes, cuts) => {
      const lines = new Lines({ lineBytes: 8 })
      const told = splitAt(bytes, cuts).flatMap((piece) => lines.push(piece))
      expect([...told, ...lines.flush()]).toEqual(linesOf(bytes, 8))
    }),
    { numRuns: 2_000 },
  )
})

test('F54: ends lines at \\n and at \\r\\n and leaves every other \\r alone', () => {
  expect(new Lines().push(Buffer.from('a\r\nb\n10%\r20%\n\r\n\n'))).toEqual(['a', 'b', '10%\r20%', '', ''])
})

test('F54: keeps a character whole that two reads share, and marks what is no character', () => {
  const lines = new Lines()
  const bytes = Buffer.from('Grüße 🌍\n')
  expect([...bytes].flatMap((byte) => lines.push(Buffer.of(byte)))).toEqual(['Grüße 🌍'])
  expect(lines.push(Buffer.from([0x61, 0xff, 0xe2, 0x82, 10, 0x62, 10]))).toEqual(['a��', 'b'])
})

test('tells a line of 16 KiB whole and cuts a longer one', () => {
  const full = 'x'.repeat(LINE_BYTES)
  expect(new Lines().push(Buffer.from(`${full}\r\n`))).toEqual([full])
  expect(new Lines().push(Buffer.from(`${full}y\nnext\n`))).toEqual([full + CUT_MARK, 'next'])
})

test('cuts on a character, never inside one', () => {
  const [line = ''] = new Lines().push(Buffer.from(`x${'🌍'.repeat(5_000)}\n`))
  expect(line).toBe(`x${'🌍'.repeat(4_095)}${CUT_MARK}`)
})

test('keeps a byte order mark, in a line that is cut too', () => {
  const lines = new Lines({ lineBytes: 4 }).push(Buffer.from('\ufeffa\n\ufeffab\n'))
  expect(lines).toEqual(['\ufeffa', `\ufeffa${CUT_MARK}`])
})

test('F54: tells a line that never ends once, as soon as it is too long, and holds no more of it', () => {
  const lines = new Lines()
  const piece = Buffer.alloc(10_000, 'x')
  expect(lines.push(piece)).toEqual([])
  expect(lines.push(piece)).toEqual(['x'.repeat(LINE_BYTES) + CUT_MARK])
  for (let i = 0; i < 1_000; i += 1) expect(lines.push(piece)).toEqual([])
  expect(lines.flush()).toEqual([])
  expect(lines.push(Buffer.from('x\nnext\n'))).toEqual(['next'])
})

test('begins a line behind the hole that a truncated file has when its writer does not append', () => {
  const lines = new Lines()
  expect(lines.push(Buffer.alloc(100_000))).toEqual([])
  expect(lines.push(Buffer.from('\0\0after\n'))).toEqual(['after'])
})

test('tells what comes after a flushed line on its own, and nothing if it was only the newline', () => {
  const lines = new Lines()
  lines.push(Buffer.from('half'))
  expect(lines.flush()).toEqual(['half'])
  expect(lines.push(Buffer.from('\n\nfull\nhal'))).toEqual(['', 'full'])
  expect(lines.flush()).toEqual(['hal'])
  expect(lines.push(Buffer.from('f\n'))).toEqual(['f'])
})

const bytesWithLines = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...Array.from('a\n\r\0', (char) => Buffer.from(char))) },
      { weight: 1, arbitrary: fc.constantFrom(...['ü', '€', '🌍', '\r\n'].map((text) => Buffer.from(text))) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)) },
    ),
    { maxLength: 60 },
  )
  .map((pieces) => Buffer.concat(pieces))
