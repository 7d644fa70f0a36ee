import { describe, expect, test } from 'vitest'
import { settled } from '../clock.ts'
import { SILENCE, SPEECH, start } from './talker.ts'

describe('holding', () => {
  test('records until it is let go, shows the words for a moment, and sends them', async () => {
    const it = start()
    it.talk.press()
    await it.admit()
    await it.clock.pass(1_000)
    it.talk.release()
    await settled()
    expect(it.isAnyOpen()).toBe(false)
    await it.answer()
    expect(it.talk.hearing).toMatchObject({ kind: 'checking', text: 'hello there' })
    expect(it.said).toEqual([])
    await it.clock.pass(3_500)
    expect(it.said).toEqual(['hello there'])
    expect(it.seen).toEqual(['opening', 'listening', 'understanding', 'checking', 'closed'])
  })

  test('sends at once where that is set', async () => {
    const it = start({ atOnce: true })
    it.talk.press()
    await it.admit()
    await it.clock.pass(1_000)
    it.talk.release()
    await settled()
    await it.answer()
    expect(it.said).toEqual(['hello there'])
  })

  test('ends by itself after two minutes', async () => {
    const it = start()
    it.talk.press()
    await it.admit()
    await it.clock.pass(120_000)
    expect(it.isAnyOpen()).toBe(false)
    expect(it.understood).toHaveLength(1)
  })
})

describe('the microphone is closed', () => {
  test('when the button was let go before it was open, however late it opens', async () => {
    const it = start()
    it.talk.press()
    it.talk.release()
    expect(it.talk.hearing.kind).toBe('closed')
    await it.admit()
    expect(it.isAnyOpen()).toBe(false)
    expect(it.talk.hearing.kind).toBe('closed')
    expect(it.told).toEqual([expect.stringContaining('nothing was recorded')])
  })

  test('by cancelling, at every stage, and nothing is sent', async () => {
    for (const stage of ['opening', 'listening', 'understanding', 'checking'] as const) {
      const it = start()
      it.talk.press()
      if (stage !== 'opening') await it.admit()
      await it.clock.pass(1_000)
      if (stage === 'understanding' || stage === 'checking') it.talk.release()
      await settled()
      if (stage === 'checking') await it.answer()
      expect(it.talk.hearing.kind).toBe(stage)
      it.talk.cancel()
      if (stage === 'opening') await it.admit()
      await it.answer()
      await it.clock.pass(300_000)
      expect([stage, it.isAnyOpen(), it.said, it.talk.hearing.kind]).toEqual([stage, false, [], 'closed'])
    }
  })

  test('of the press before when there is another one', async () => {
    const it = start()
    it.talk.press()
    it.talk.release()
    it.talk.press()
    await it.admit(1)
    const late = await it.admit(0)
    expect(late.isOpen).toBe(false)
    expect(it.talk.hearing.kind).toBe('listening')
  })

  test('when it comes after the limit', async () => {
    const it = start()
    it.talk.press()
    await it.clock.pass(60_000)
    expect(it.told).toEqual(['the browser did not open the microphone'])
    await it.admit()
    expect(it.isAnyOpen()).toBe(false)
  })
})

describe('a tap', () => {
  test('with the microphone open keeps it on until the next one', async () => {
    const it = start()
    it.talk.press()
    await it.admit()
    await it.clock.pass(200)
    it.talk.release()
    await it.clock.pass(5_000)
    expect(it.talk.hearing).toMatchObject({ kind: 'listening', isKept: true })
    it.talk.press()
    it.talk.release()
    await it.answer()
    expect(it.talk.hearing.kind).toBe('checking')
    expect(it.isAnyOpen()).toBe(false)
  })

  test('before it was open says how, and the next one is meant', async () => {
    const it = start()
    it.talk.press()
    it.talk.release()
    await it.clock.pass(2_000)
    it.talk.press()
    it.talk.release()
    await it.admit()
    expect(it.talk.hearing).toMatchObject({ kind: 'listening', isKept: true })
  })

  test('toggles for whoever cannot hold', async () => {
    const it = start()
    it.talk.toggle()
    await it.admit()
    expect(it.talk.hearing).toMatchObject({ kind: 'listening', isKept: true })
    it.talk.toggle()
    await it.answer()
    expect(it.talk.hearing.kind).toBe('checking')
  })
})

describe('nobody is asked to write down', () => {
  test.each([
    ['a clip that is too short', SPEECH.subarray(0, 3_200), 'too short'],
    ['silence', SILENCE, 'nothing was heard'],
  ])('%s', async (_, samples, why) => {
    const it = start()
    it.talk.press()
    const device = await it.admit()
    device.samples = samples
    await it.clock.pass(1_000)
    it.talk.release()
    await settled()
    expect(it.understood).toEqual([])
    expect(it.told).toEqual([expect.stringContaining(why)])
    expect(it.talk.hearing.kind).toBe('closed')
  })
})

describe('the words', () => {
  test('wait while they are corrected, and go as they were corrected', async () => {
    const it = start()
    void it.talk.hear(SPEECH)
    await it.answer('helo their')
    it.talk.hold()
    await it.clock.pass(60_000)
    expect(it.said).toEqual([])
    it.talk.send(' hello there ')
    expect(it.said).toEqual(['hello there'])
    expect(it.talk.hearing.kind).toBe('closed')
  })

  test('are sent once, also by somebody who does not wait', async () => {
    const it = start()
    void it.talk.hear(SPEECH)
    await it.answer()
    it.talk.send('hello there')
    await it.clock.pass(60_000)
    expect(it.said).toEqual(['hello there'])
  })

  test('that could not be had are told of, and so are none', async () => {
    const it = start()
    void it.talk.hear(SPEECH)
    it.understood[0]?.answer.reject(new Error('the voice server is away'))
    await settled()
    void it.talk.hear(SPEECH)
    await it.answer('  ')
    void it.talk.hear(SPEECH)
    await it.clock.pass(60_000)
    expect(it.told).toEqual([
      'the voice server is away',
      'no words were heard',
      'the voice server did not answer',
    ])
    expect(it.talk.hearing.kind).toBe('closed')
  })
})
