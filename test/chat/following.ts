import { afterEach, beforeEach, vi } from 'vitest'
import { Pulses } from '../../src/gateway/chat/pulses.ts'
import type { Page, StreamStore } from '../../src/gateway/store/store.ts'
import { follow } from './shown.ts'

export const PULSE_MS = 15_000

/** The clock of all readers of a test. */
export let pulses: Pulses

/** Time stands in each test of this file, until it is told to `pass`. */
export function timeStands(): void {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    pulses = new Pulses(PULSE_MS)
  })
  afterEach(() => {
    vi.useRealTimers()
  })
}

/** A follower whose pages are noted as they come. */
export function following(store: StreamStore, id: string, from = 0) {
  const leave = new AbortController()
  const pages: Page[] = []
  const over = follow(store, id, from, pulses, leave.signal, (page) => {
    pages.push(page)
    return undefined
  })
  over.catch(() => {})
  return { pages, over, leave: () => leave.abort(), said: () => pages.map(textOf) }
}

export const textOf = (page: Page) => `${Buffer.concat(page.bytes)}${page.end ? `|${page.end.reason}` : ''}`

/** Lets everything happen that needs no time, and then so much time pass. */
export const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms)
