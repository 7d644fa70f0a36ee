import { closeSync, openSync, renameSync, truncateSync, unlinkSync, writeSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { linesOf } from './model.ts'
import { startTail } from './rig.ts'

const LINE_BYTES = 24

type Step =
  | { readonly kind: 'write'; readonly bytes: Uint8Array; readonly look: boolean }
  | {
      readonly kind: 'move away'
      /** Whether the next file is made before the writer changes over to it, as logrotate's `create` does. */
      readonly create: boolean
      readonly late: readonly Uint8Array[]
      readonly look: boolean
    }
  | { readonly kind: 'truncate' | 'delete'; readonly look: boolean }

test('F53: tells exactly the lines that were written, once, in order, whatever is written and however the file is rotated', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      await using rig = startTail({ lineBytes: LINE_BYTES })
      await rig.look()
      expect(await act(rig, steps)).toEqual(rig.told)
    }),
    { numRuns: 300 },
  )
}, 60_000)

test('tells the newest lines of any file it finds, and then all that comes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(bytes, { maxLength: 6 }), { maxLength: 6 }),
      async ([before = [], ...more]) => {
        const start = Buffer.concat([...before, Buffer.from('\n')])
        await using rig = startTail({ before: start.toString('latin1') })
        await rig.look()
        const written = Buffer.from(start.toString('latin1'))
        const newest = linesOf(written, 16_384).slice(-10)
        expect(rig.told).toEqual(newest)
        for (const piece of more) {
          for (const part of piece) rig.write(Buffer.from(part))
          await rig.look()
        }
        rig.write('\n')
        const later = Buffer.concat([...more.flat(), Buffer.from('\n')])
        expect(await rig.look()).toEqual([...newest, ...linesOf(later, 16_384)])
      },
    ),
    { numRuns: 200 },
  )
}, 60_000)

/** Takes the steps, and says what a reader must be told. */
async function act(rig: ReturnType<typeof startTail>, steps: readonly Step[]): Promise<string[]> {
  const files: Buffer[][] = [[]]
  let writer = openSync(rig.path, 'a')
  let writes = 0
  let seen = false
  const write = (piece: Uint8Array) => {
    // No two writes are alike: a file that is truncated and then gets the very same bytes again looks as if nothing had happened.
    writes += 1
    const unlike = Buffer.concat([Buffer.from(`${writes}:`), piece])
    writeSync(writer, unlike)
    files.at(-1)?.push(unlike)
  }
  for (const it of steps) {
    if (it.kind === 'write') write(it.bytes)
    else {
      const filled = files.at(-1)?.length !== 0
      // A file that was never seen with bytes in it cannot be followed, and what is truncated unread is gone.
      if ((filled && !seen) || it.kind === 'truncate') await rig.look()
      if (it.kind === 'truncate') truncateSync(rig.path)
      if (it.kind === 'delete') unlinkSync(rig.path)
      if (it.kind === 'move away') {
        renameSync(rig.path, `${rig.path}.${files.length}`)
        if (it.create) closeSync(openSync(rig.path, 'a'))
        for (const piece of filled ? it.late : []) {
          write(piece)
          if (it.look) await rig.look()
        }
      }
      if (it.kind !== 'truncate') {
        closeSync(writer)
        writer = openSync(rig.path, 'a')
      }
      files.push([])
      seen = false
    }
    if (it.look) await rig.look()
    seen ||= it.look && files.at(-1)?.length !== 0
  }
  write(new Uint8Array())
  closeSync(writer)
  await rig.look()
  unlinkSync(rig.path)
  await rig.look()
  return files.flatMap((pieces) => linesOf(Buffer.concat(pieces), LINE_BYTES))
}

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc
    .string({ unit: fc.constantFrom('a', 'ü', '🌍', '\n', '\r', '\r\n', '\0'), maxLength: 30 })
    .map((text) => new TextEncoder().encode(text)),
)

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('write' as const), bytes, look: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('move away' as const),
      create: fc.boolean(),
      late: fc.array(bytes, { maxLength: 3 }),
      look: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('truncate' as const, 'delete' as const),
      look: fc.boolean(),
    }),
  },
)
