import { expect, test } from 'vitest'
import { Narrator, type Place, type PlaceKeeper } from '../../../src/console/voice/narrator.ts'
import type { Sentence } from '../../../src/console/voice/speaker.ts'

function keeper(): PlaceKeeper & { place: Place | undefined } {
  return {
    place: undefined,
    read() {
      return this.place
    },
    keep(place) {
      this.place = place
    },
  }
}

/** A page: hears at once as many sentences as the test lets it. */
function page(keep: PlaceKeeper, answer = 'a') {
  const given: Sentence[] = []
  const heard: string[] = []
  const narrator = new Narrator(answer, keep, (sentence) => given.push(sentence))
  return {
    narrator,
    given: () => given.map(({ text }) => text),
    heard,
    hear(count = given.length) {
      for (const { text, began } of given.splice(0, count)) {
        heard.push(text)
        began()
      }
    },
  }
}

const TEXT = 'First one. Second one. Third one. Fourth one.'

test('gives each sentence once while the answer grows', () => {
  const it = page(keeper())
  for (let end = 1; end <= TEXT.length; end += 1) it.narrator.update(TEXT.slice(0, end), false)
  expect(it.given()).toEqual(['First one.', 'Second one.', 'Third one.'])
  it.narrator.update(TEXT, true)
  expect(it.given()).toEqual(['First one.', 'Second one.', 'Third one.', 'Fourth one.'])
})

test('goes on after a reload where it was, and says nothing twice', () => {
  const keep = keeper()
  const before = page(keep)
  before.narrator.update(TEXT.slice(0, 35), false)
  before.hear(2)
  const after = page(keep)
  after.narrator.update('First', false)
  after.narrator.update(TEXT.slice(0, 14), false)
  after.narrator.update(TEXT, true)
  after.hear()
  expect([...before.heard, ...after.heard]).toEqual([
    'First one.',
    'Second one.',
    'Third one.',
    'Fourth one.',
  ])
  expect(page(keep).narrator.isOver).toBe(true)
})

test('says nothing after a reload when all of it was said', () => {
  const keep = keeper()
  const before = page(keep)
  before.narrator.update(TEXT, true)
  before.hear()
  const after = page(keep)
  after.narrator.update(TEXT, true)
  expect(after.given()).toEqual([])
})

test('stays silent after a reload when it was stopped', () => {
  const keep = keeper()
  const before = page(keep)
  before.narrator.update(TEXT, false)
  before.hear(1)
  before.narrator.stop()
  before.hear()
  const after = page(keep)
  after.narrator.update(TEXT, true)
  expect(after.given()).toEqual([])
})

test('another answer begins at its beginning', () => {
  const keep = keeper()
  const before = page(keep)
  before.narrator.update(TEXT, true)
  before.hear()
  const other = page(keep, 'b')
  other.narrator.update(TEXT, true)
  expect(other.given()).toHaveLength(4)
})

test('what turned out to be a thought is not part of what was said', () => {
  const it = page(keeper())
  it.narrator.update('Let me think. Or not. So it', false)
  it.hear()
  it.narrator.update('The answer is six. Surely it is.', true)
  expect(it.given()).toEqual(['The answer is six.', 'Surely it is.'])
})

test('an answer that begins anew after a reload is read from where the words are the same', () => {
  const keep = keeper()
  const before = page(keep)
  before.narrator.update('A thought here. First one. Second one', false)
  before.hear()
  const after = page(keep)
  after.narrator.update(TEXT, true)
  expect(after.given()).toEqual(['Second one.', 'Third one.', 'Fourth one.'])
})
