import { expect, test } from 'vitest'
import { Departure } from '../../src/gateway/departure.ts'

test('everyone who listens hears once that a reader has gone, and nobody who does not any more', () => {
  const gone = new Departure()
  const heard: string[] = []
  const first = () => {
    heard.push('first')
    gone.removeEventListener('abort', second)
  }
  const second = () => heard.push('second')
  const third = () => heard.push('third')
  gone.addEventListener('abort', first)
  gone.addEventListener('abort', second)
  gone.addEventListener('abort', third)
  gone.removeEventListener('abort', third)
  expect(gone.aborted).toBe(false)
  gone.abort()
  gone.abort()
  gone.addEventListener('abort', third)
  expect(gone.aborted).toBe(true)
  expect(heard).toEqual(['first', 'second'])
})
