import { PassThrough, Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { ask } from '../../src/gateway/answer.ts'
import { Departure } from '../../src/gateway/departure.ts'
import { Fault } from '../../src/gateway/fault.ts'
import type { Sink, Upstream } from '../../src/gateway/upstream.ts'

/** An agent that is played by hand, and what its flow was told. */
function played() {
  const told: string[] = []
  let to: Sink | undefined
  const upstream = {
    name: 'agent',
    fault: (kind: string, message: string) => new Fault(`agent_${kind}` as 'agent_bad_answer', message),
    open(_: unknown, sink: Sink) {
      let isOver = false
      const over = (act: () => void) => {
        if (!isOver) act()
        isOver = true
      }
      to = {
        head: (head) => sink.head(head),
        data: (chunk) => sink.data(chunk),
        end: () => over(() => sink.end()),
        fail: (fault) => over(() => sink.fail(fault)),
      }
      return {
        pause: () => void told.push('pause'),
        resume: () => void told.push('resume'),
        abort: (fault: Fault) => {
          told.push('abort')
          to?.fail(fault)
        },
      }
    },
  } as unknown as Upstream
  const call = { method: 'GET', path: '/' } as const
  return { told, upstream, call, sink: () => to as Sink }
}

const head = { status: 200, header: () => undefined }
const block = (letter: string) => Buffer.alloc(40 << 10, letter)

async function collected(out: PassThrough): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of out) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

describe('an answer that has come before anyone takes it', () => {
  test('is whole, in order, and was never stopped while it was short', async () => {
    const { told, upstream, call, sink } = played()
    const asked = ask(upstream, call)
    sink().head(head)
    for (const text of ['one ', 'two ', 'three']) sink().data(Buffer.from(text))
    sink().end()
    const out = new PassThrough()
    await (await asked).pour(out, () => Promise.resolve())
    expect(await collected(out)).toBe('one two three')
    expect(told).toEqual([])
  })

  test('is stopped when there is much of it, and goes on when it is taken', async () => {
    const { told, upstream, call, sink } = played()
    const asked = ask(upstream, call)
    sink().head(head)
    sink().data(block('a'))
    expect(told).toEqual([])
    sink().data(block('b'))
    expect(told).toEqual(['pause'])
    const out = new PassThrough({ highWaterMark: 1 << 20 })
    const poured = (await asked).pour(out, () => Promise.resolve())
    expect(told).toEqual(['pause', 'resume'])
    sink().data(block('c'))
    sink().end()
    await poured
    expect(await collected(out)).toBe(`${block('a')}${block('b')}${block('c')}`)
  })

  test('does not go on before a reader who is slow has taken what was there', async () => {
    const { told, upstream, call, sink } = played()
    const asked = ask(upstream, call)
    sink().head(head)
    sink().data(block('a'))
    sink().data(block('b'))
    let take = () => {}
    const taken = () =>
      new Promise<void>((resolve) => {
        take = resolve
      })
    const stuck = new Writable({ highWaterMark: 1024, write() {} })
    void (await asked).pour(stuck, taken)
    expect(told).toEqual(['pause', 'pause'])
    take()
    await Promise.resolve()
    expect(told).toEqual(['pause', 'pause', 'resume'])
  })

  test('that broke off breaks off whoever takes it, behind what had come', async () => {
    const { upstream, call, sink } = played()
    const asked = ask(upstream, call)
    sink().head(head)
    sink().data(Buffer.from('half'))
    sink().fail(new Fault('agent_bad_answer', 'it is gone'))
    const written: string[] = []
    const out = new Writable({
      write(chunk, _, done) {
        written.push(String(chunk))
        done()
      },
    })
    await (await asked).pour(out, () => Promise.resolve())
    expect(written).toEqual(['half'])
    expect(out.destroyed).toBe(true)
  })

  test('is cut where it is too long for who only wants its begin', async () => {
    const { upstream, call, sink } = played()
    const asked = ask(upstream, call)
    sink().head(head)
    for (const letter of ['a', 'b', 'c']) sink().data(block(letter))
    sink().end()
    expect(await (await asked).text(50_000, 1_000)).toBe(`${block('a')}${block('b')}`.slice(0, 50_000))
  })

  test('is given up with the one who asked, before its head and after', async () => {
    const before = played()
    const gone = new Departure()
    const asked = ask(before.upstream, before.call, gone)
    gone.abort()
    await expect(asked).rejects.toMatchObject({ code: 'agent_bad_answer' })

    const after = played()
    const left = new Departure()
    const answer = ask(after.upstream, after.call, left)
    after.sink().head(head)
    await answer
    left.abort()
    expect(after.told).toEqual(['abort'])
  })
})
