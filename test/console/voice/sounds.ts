import type { Browser, Page } from 'playwright-core'
import type { Rig } from '../../rig/rig.ts'
import type { Script } from '../../rig/upstream.ts'
import { noFace, openConsole, WORDS, type WorldOptions } from '../browser.ts'
import { tone } from './tone.ts'

export interface Sound {
  readonly began: number
  readonly seconds: number
  ended?: number
  /** It was stopped by the very task that a press of a key or a button began. */
  isOfPress?: boolean
}

/** Before anything else: everything is spoken, and every sound that begins or ends is written down. */
const watchSounds = `${noFace}
  localStorage.setItem('ghost.voice', '{"spoken":"always"}')
  globalThis.sounds = []
  const { prototype } = AudioBufferSourceNode
  const { start, stop } = prototype
  const mine = new WeakMap()
  prototype.start = function (...when) {
    const sound = { began: performance.now(), seconds: this.buffer.duration }
    mine.set(this, sound)
    sounds.push(sound)
    this.addEventListener('ended', () => { sound.ended ??= performance.now() })
    return start.apply(this, when)
  }
  prototype.stop = function (...when) {
    Object.assign(mine.get(this), { ended: performance.now(), isOfPress: globalThis.isPress })
    return stop.apply(this, when)
  }
  for (const press of ['keydown', 'pointerdown'])
    addEventListener(press, ({ key }) => {
      if (press === 'keydown' && key !== 'Escape') return
      globalThis.isPress = true
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = () => { globalThis.isPress = false }
      port2.postMessage(0)
    }, true)`

export const soundsOf = (page: Page) => page.evaluate<Sound[]>('sounds')

export const openSpeaking = (browser: Browser, options: WorldOptions = {}) =>
  openConsole(browser, { ...WORDS, before: watchSounds, ...options })

/** A voice server that says everything in as many seconds. */
export const sounding =
  (seconds: number): Script =>
  async (call) => {
    await call.read()
    call.head(200, { 'content-type': 'audio/wav' })
    call.end(tone(seconds))
  }

/** The sentences that the voice server was asked for, in the order in which they came. */
export const asked = (rig: Rig) =>
  Promise.all(
    rig.voice.callsOf('POST /tts').map(async (call) => ((await call.json()) as { text: string }).text),
  )

export const caption = (page: Page, text: string) =>
  page.getByRole('region', { name: 'Voice' }).getByText(text, { exact: true })
