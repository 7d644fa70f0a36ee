import { afterEach, describe, expect, test } from 'vitest'
import { amplitude, listening, sounds } from '../../src/console/face/signal.ts'

afterEach(() => listening(false))

describe('the sounds that the face hears', () => {
  test('are as loud as was told last, and never louder than one', () => {
    amplitude('speech', 0.4, 1_000)
    expect(sounds(1_000).speech).toBe(0.4)
    amplitude('speech', 7, 1_010)
    expect(sounds(1_010).speech).toBe(1)
    amplitude('speech', Number.NaN, 1_020)
    expect(sounds(1_020).speech).toBe(0)
  })

  test('are over when nobody repeats them', () => {
    amplitude('speech', 0.8, 2_000)
    expect(sounds(2_200).speech).toBe(0.8)
    expect(sounds(2_400).speech).toBe(0)
  })

  test('come from the microphone only while it is open', () => {
    amplitude('microphone', 0.5, 3_000)
    expect(sounds(3_000)).toEqual({ speech: 0, microphone: 0, isListening: false })
    listening(true)
    expect(sounds(3_000)).toEqual({ speech: 0, microphone: 0.5, isListening: true })
  })
})
