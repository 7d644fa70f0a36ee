import { type Hearing, type Microphone, Talk } from '../../../src/console/voice/talk.ts'
import { HandClock, settled } from '../clock.ts'

export const SPEECH = Float32Array.from({ length: 16_000 }, (_, at) => 0.3 * Math.sin(at / 5))
export const SILENCE = new Float32Array(16_000)

class Device implements Microphone {
  isOpen = true
  samples = SPEECH
  level(): number {
    return 0.5
  }
  heardMs(): number {
    return 0
  }
  async take(): Promise<Float32Array> {
    this.close()
    return this.samples
  }
  close(): void {
    this.isOpen = false
  }
}

/** A talk with a microphone, a voice server and a clock that the test moves by hand. */
export function start({ atOnce = false, text = 'hello there' } = {}) {
  const clock = new HandClock()
  const doors: PromiseWithResolvers<Microphone>[] = []
  const devices: Device[] = []
  const understood: { readonly samples: Float32Array; readonly answer: PromiseWithResolvers<string> }[] = []
  const seen: Hearing['kind'][] = []
  const said: string[] = []
  const told: string[] = []
  const talk = new Talk({
    clock,
    open: () => {
      const door = resolvers<Microphone>()
      doors.push(door)
      return door.promise
    },
    understand: (samples) => {
      const answer = resolvers<string>()
      understood.push({ samples, answer })
      return answer.promise
    },
    changed: ({ kind }) => seen.push(kind),
    said: (words) => said.push(words),
    told: (why) => told.push(why),
    isAtOnce: () => atOnce,
  })
  const admit = async (nth = doors.length - 1) => {
    const device = new Device()
    devices.push(device)
    doors[nth]?.resolve(device)
    await settled()
    return device
  }
  const answer = async (words = text) => {
    await settled()
    understood.at(-1)?.answer.resolve(words)
    await settled()
  }
  const isAnyOpen = () => devices.some(({ isOpen }) => isOpen)
  return { clock, talk, doors, admit, answer, understood, seen, said, told, isAnyOpen }
}

function resolvers<T>(): PromiseWithResolvers<T> {
  let resolve: PromiseWithResolvers<T>['resolve'] = () => {}
  let reject: PromiseWithResolvers<T>['reject'] = () => {}
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
}
