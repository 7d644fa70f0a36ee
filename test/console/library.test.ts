import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pack, unpack } from '../../src/console/archive.ts'
import { ago, byDay } from '../../src/console/days.ts'
import { memoryShelf } from '../../src/console/memoryshelf.ts'
import { type MessageRecord, newAnswer, readConversation } from '../../src/console/record.ts'
import { contextOf, search } from '../../src/console/search.ts'

const NOW = new Date(2026, 4, 20, 15, 30).getTime()
const MINUTE = 60_000
const question = (text: string, id = text): MessageRecord => ({ role: 'user', id, at: 1, text })
const conversation = (id: string, title = id) => ({ id, title, createdAt: 1, updatedAt: 2 })
const names = () => {
  let count = 0
  return () => `new${++count}`
}
function answer(content: string) {
  const record = newAnswer(content, 'k', 1)
  record.said.content = content
  return record
}

describe('the list', () => {
  test('is parted at midnight of the person, and days without any are left out', () => {
    const row = (updatedAt: number) => ({ updatedAt })
    const midnight = new Date(2026, 4, 20).getTime()
    const days = byDay([row(NOW), row(midnight), row(midnight - 1), row(midnight - 30 * 60 * MINUTE)], NOW)
    expect(days.map(({ name, rows }) => [name, rows.length])).toEqual([
      ['Today', 2],
      ['Yesterday', 1],
      ['Earlier', 1],
    ])
    expect(byDay([row(NOW)], NOW).map(({ name }) => name)).toEqual(['Today'])
  })

  test.each([
    [0, 'now'],
    [-MINUTE, 'now'],
    [59 * MINUTE, '59 min'],
    [23 * 60 * MINUTE, '23 h'],
    [25 * 60 * MINUTE, '1 day'],
    [6 * 24 * 60 * MINUTE, '6 days'],
  ])('%d ms ago is %s', (ms, words) => {
    expect(ago(NOW - ms, NOW)).toBe(words)
  })

  test('an old record without the newer fields is read as it was, and damaged fields are not kept', () => {
    const old = { id: 'a', title: 't', createdAt: 1, updatedAt: 2 }
    expect(readConversation(old)).toEqual(old)
    expect(readConversation({ ...old, named: 'yes', runs: 7, goneAt: Number.NaN })).toEqual(old)
    expect(readConversation({ ...old, named: true, runs: 't', goneAt: 5 })).toMatchObject({ goneAt: 5 })
  })
})

describe('a search', () => {
  test('finds titles and words of questions and answers, in the order of the list, with a line around them', async () => {
    const shelf = memoryShelf()
    const all = [conversation('a', 'The Garden'), conversation('b'), conversation('c'), conversation('d')]
    await shelf.add(conversation('b'), [question('x'), answer('first we dig\nthe garden, then we rest')])
    await shelf.add(conversation('c'), [answer('<think>a garden</think>nothing of it')])
    const found = await search(shelf, all, ' GARDEN the ', new AbortController().signal)
    expect(found).toEqual({
      isCut: false,
      found: [
        { id: 'a', context: '' },
        { id: 'b', context: 'first we dig the garden, then we rest' },
      ],
    })
  })

  test('survives one that cannot be read, ends at its limit and says so, and stops when told to', async () => {
    const all = Array.from({ length: 60 }, (_, at) => conversation(`${at}`, ''))
    const messages = async (id: string) => {
      if (id === '0') throw new Error('damaged')
      return [question('here')]
    }
    const found = await search({ messages }, all, 'here', new AbortController().signal)
    expect(found?.isCut).toBe(true)
    expect(found?.found).toHaveLength(50)
    expect(found?.found[0]?.id).toBe('1')
    expect(await search({ messages }, all, 'here', AbortSignal.abort())).toBeUndefined()
  })

  test('its line is short and has the word in it, wherever that is', () => {
    fc.assert(
      fc.property(fc.lorem({ maxCount: 200 }), fc.lorem({ maxCount: 200 }), (before, after) => {
        const line = contextOf(`${before} needle ${after}`, ['needle'])
        expect(line).toContain('needle')
        expect(line.length).toBeLessThan(150)
      }),
    )
  })
})

describe('an archive', () => {
  test('comes back as new conversations with the same words', () => {
    const ended = answer('yes')
    ended.ending = { kind: 'done' }
    const text = pack([
      { conversation: { ...conversation('a', 'A'), runs: 'task' }, messages: [question('why'), ended] },
    ])
    const { kept, leftOut } = unpack(text, NOW, names())
    expect(leftOut).toEqual({ messages: 0, conversations: 0 })
    expect(kept).toHaveLength(1)
    expect(kept[0]?.conversation).toEqual({ id: 'new1', title: 'A', createdAt: 1, updatedAt: 2 })
    expect(kept[0]?.messages).toMatchObject([
      { text: 'why', id: 'new2' },
      { said: { content: 'yes' }, id: 'new3', ending: { kind: 'done' } },
    ])
  })

  test('never takes up an answer that was running for somebody else', () => {
    const running = answer('half')
    running.task = 't'
    const { kept } = unpack(pack([{ conversation: conversation('a'), messages: [running] }]), NOW, names())
    expect(kept[0]?.messages[0]).toMatchObject({ task: null, ending: { kind: 'interrupted' } })
  })

  test('leaves out what is no message, and says how much', () => {
    const conversations = [
      { title: 'a', messages: [question('x'), { role: 'system' }, null, 5] },
      { title: 'b', messages: [{}] },
      'c',
    ]
    const { kept, leftOut } = unpack(
      JSON.stringify({ format: 'ghost conversations', version: 1, conversations }),
      NOW,
      names(),
    )
    expect(kept).toHaveLength(1)
    expect(kept[0]?.conversation).toMatchObject({ createdAt: NOW, updatedAt: NOW })
    expect(leftOut).toEqual({ messages: 4, conversations: 2 })
  })

  test.each(['', '{', '[]', '{"conversations":[]}', '{"format":"ghost conversations","conversations":{}}'])(
    'is refused in words when it is none: %s',
    (text) => {
      expect(() => unpack(text, NOW, names())).toThrow(/^it /)
    },
  )
})

describe('a shelf', () => {
  test('purges only what is still to be purged when its turn comes', async () => {
    const shelf = memoryShelf()
    await shelf.add({ ...conversation('a'), goneAt: 5 }, [question('x')])
    await shelf.amend('a', ({ goneAt: _, ...kept }) => kept)
    await shelf.purge('a', (kept) => kept.goneAt === 5)
    expect(await shelf.messages('a')).toHaveLength(1)
    await shelf.amend('a', (kept) => ({ ...kept, goneAt: 6 }))
    await shelf.purge('a', (kept) => kept.goneAt === 6)
    expect(await shelf.messages('a')).toEqual([])
    expect(await shelf.conversations()).toEqual([])
  })
})
