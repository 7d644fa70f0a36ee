import { describe, expect, test } from 'vitest'
import { Speaker } from '../../../src/console/voice/speaker.ts'
import { HandClock, settled } from '../clock.ts'
import { Stage } from './stage.ts'

function start() {
  const clock = new HandClock()
  const stage = new Stage()
  const heard: (string | undefined)[] = []
  const failures: unknown[] = []
  const speaker = new Speaker({
    voice: stage.voice,
    clock,
    heard: (text) => heard.push(text),
    failed: (error) => failures.push(error),
  })
  const began: string[] = []
  const say = (...texts: string[]) => {
    for (const text of texts) speaker.say({ text, began: () => began.push(text) })
  }
  return { clock, stage, speaker, heard, failures, began, say }
}

describe('in order', () => {
  test('one at a time, with one fetch ahead of what is heard and no more', async () => {
    const { stage, say, began } = start()
    say('a', 'b', 'c')
    await settled()
    expect(stage.asked).toEqual(['a'])
    stage.made('a')
    await settled()
    expect(stage.playing).toEqual(['a'])
    expect(stage.asked).toEqual(['a', 'b'])
    stage.made('b')
    await settled()
    expect(stage.asked).toEqual(['a', 'b'])
    stage.ended('a')
    await settled()
    expect(stage.playing).toEqual(['b'])
    expect(stage.asked).toEqual(['a', 'b', 'c'])
    expect(began).toEqual(['a', 'b'])
  })

  test('waits for a slow one rather than taking another first', async () => {
    const { stage, say, clock } = start()
    say('a', 'b')
    stage.made('a')
    await settled()
    stage.ended('a')
    await clock.pass(15_000)
    expect(stage.playing).toEqual([])
    say('c')
    stage.made('b')
    await settled()
    expect(stage.playing).toEqual(['b'])
    expect(stage.played).toEqual(['a', 'b'])
  })

  test('what is said while it speaks comes after; what is heard is told by what plays', async () => {
    const { stage, say, heard, speaker } = start()
    say('a')
    await settled()
    expect(heard).toEqual([])
    stage.made('a')
    await settled()
    expect(heard).toEqual(['a'])
    say('b')
    stage.made('b')
    stage.ended('a')
    await settled()
    stage.ended('b')
    await settled()
    expect(heard).toEqual(['a', 'b', undefined])
    expect(speaker.isBusy).toBe(false)
  })
})

describe('a voice server that', () => {
  test('fails once is asked again, and nothing is left out', async () => {
    const { stage, say, clock, failures } = start()
    say('a', 'b')
    stage.refused('a')
    await clock.pass(600)
    expect(stage.asked).toEqual(['a', 'a'])
    stage.made('a')
    await settled()
    stage.made('b')
    stage.ended('a')
    await settled()
    expect(stage.played).toEqual(['a', 'b'])
    expect(failures).toEqual([])
  })

  test('fails every time ends the speech and says why, instead of leaving sentences out', async () => {
    const { stage, say, clock, failures, speaker } = start()
    say('a', 'b', 'c')
    for (const pause of [600, 1_200, 0]) {
      stage.refused('a')
      await clock.pass(pause)
    }
    expect(stage.asked).toEqual(['a', 'a', 'a'])
    expect(failures).toHaveLength(1)
    expect(String(failures[0])).toContain('refused')
    expect(speaker.isBusy).toBe(false)
    await clock.pass(60_000)
    expect(stage.played).toEqual([])
  })

  test('hangs is given up after its limit, whether or not it listens to being told', async () => {
    const { stage, say, clock, failures } = start()
    say('a', 'b')
    await clock.pass(3 * 20_000 + 5_000)
    expect(stage.asked).toEqual(['a', 'a', 'a'])
    expect(String(failures[0])).toContain('no sound for 20 s')
    stage.made('a')
    await settled()
    expect(stage.played).toEqual([])
  })

  test('had failed speaks again when it is well', async () => {
    const { stage, say, clock } = start()
    say('a')
    for (const pause of [600, 1_200, 0]) {
      stage.refused('a')
      await clock.pass(pause)
    }
    say('b')
    stage.made('b')
    await settled()
    expect(stage.playing).toEqual(['b'])
  })
})

describe('stopping leaves silence and no late clip', () => {
  test('while the first is being made', async () => {
    const { stage, say, speaker, clock } = start()
    say('a', 'b')
    await settled()
    speaker.stop()
    stage.made('a')
    await clock.pass(60_000)
    expect(stage.played).toEqual([])
    expect(stage.asked).toEqual(['a'])
    expect(stage.cancelled).toEqual(['a'])
  })

  test('while one is heard and the next is being made', async () => {
    const { stage, say, speaker, heard, began } = start()
    say('a', 'b', 'c')
    stage.made('a')
    await settled()
    speaker.stop()
    // Before anything else had a turn.
    expect(stage.playing).toEqual([])
    expect(heard).toEqual(['a', undefined])
    stage.made('b')
    await settled()
    expect(stage.played).toEqual(['a'])
    expect(began).toEqual(['a'])
  })

  test('between two of them', async () => {
    const { stage, say, speaker } = start()
    say('a', 'b')
    stage.made('a')
    await settled()
    stage.made('b')
    await settled()
    stage.ended('a')
    speaker.stop()
    await settled()
    expect(stage.played).toEqual(['a'])
  })

  test('while it waits to ask again', async () => {
    const { stage, say, speaker, clock, failures } = start()
    say('a')
    stage.refused('a')
    await clock.pass(100)
    speaker.stop()
    await clock.pass(60_000)
    expect(stage.asked).toEqual(['a'])
    expect(failures).toEqual([])
  })

  test('and what is said afterwards is heard alone', async () => {
    const { stage, say, speaker, heard } = start()
    say('a', 'b')
    stage.made('a')
    await settled()
    speaker.stop()
    say('c')
    stage.made('b')
    stage.made('c')
    await settled()
    expect(stage.playing).toEqual(['c'])
    expect(heard).toEqual(['a', undefined, 'c'])
  })
})
