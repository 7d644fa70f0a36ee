import type { Caller } from '../exchange.ts'
import { gatewayEars } from './gatewayvoice.ts'
import { openMicrophone } from './microphone.ts'
import { NoVoice } from './novoice.ts'
import { canHear, type OwnEars, openOwnEars } from './ownears.ts'
import type { Microphone } from './talk.ts'

/** The gateway's ears, or the browser's own when the gateway has none. */
export class Ears {
  readonly #api: Caller
  #isOwn = false
  #own: OwnEars | undefined

  constructor(api: Caller) {
    this.#api = api
  }

  async open(signal: AbortSignal): Promise<Microphone> {
    const microphone = await openMicrophone(signal)
    if (!this.#isOwn) return microphone
    const own = openOwnEars()
    this.#own = own
    let isTaken = false
    return {
      level: microphone.level,
      heardMs: microphone.heardMs,
      close() {
        microphone.close()
        // Once it is taken, its words are still to come.
        if (!isTaken) own.close()
      },
      take() {
        isTaken = true
        return microphone.take()
      },
    }
  }

  async understand(samples: Float32Array, signal: AbortSignal): Promise<string> {
    const own = this.#own
    this.#own = undefined
    if (own) {
      signal.addEventListener('abort', () => own.close())
      return own.words()
    }
    try {
      return await gatewayEars(this.#api, samples, signal)
    } catch (error) {
      if (!(error instanceof NoVoice)) throw error
      if (!canHear()) throw new NoVoice(`${error.message}. This browser cannot listen by itself either`)
      this.#isOwn = true
      throw new NoVoice(
        'the gateway cannot hear: your browser listens by itself now, perhaps with the help of its maker. Hold Talk and say it again',
      )
    }
  }
}
