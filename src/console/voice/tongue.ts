import type { Clock } from '../clock.ts'
import type { Caller } from '../exchange.ts'
import { gatewayVoice } from './gatewayvoice.ts'
import type { Loudspeaker } from './loudspeaker.ts'
import { NoVoice } from './novoice.ts'
import { canSpeak, ownVoice } from './ownvoice.ts'
import type { Clip, Voice } from './speaker.ts'

/** The gateway's voice, or the browser's own when the gateway has none. */
export class Tongue {
  readonly #gateway: Voice
  readonly #clock: Clock
  readonly #told: (text: string) => void
  #own: ((text: string) => Clip) | undefined

  constructor(api: Caller, loudspeaker: Loudspeaker, clock: Clock, told: (text: string) => void) {
    this.#gateway = gatewayVoice(api, loudspeaker)
    this.#clock = clock
    this.#told = told
  }

  readonly voice: Voice = async (text, signal) => {
    if (this.#own) return this.#own(text)
    try {
      return await this.#gateway(text, signal)
    } catch (error) {
      if (!(error instanceof NoVoice) || !(await canSpeak(this.#clock))) throw error
      if (!this.#own) this.#told('the gateway has no voice server: your browser speaks by itself')
      this.#own ??= ownVoice(this.#clock)
      return this.#own(text)
    }
  }
}
