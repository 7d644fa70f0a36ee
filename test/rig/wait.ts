import { setTimeout as pause } from 'node:timers/promises'

/** A door that a test opens: scripts wait behind it, so that no test sleeps to be right. */
export interface Gate {
  readonly opened: Promise<void>
  open(): void
}

export function gate(): Gate {
  const { promise, resolve } = deferred<void>()
  return { opened: promise, open: resolve }
}

export function deferred<T>(): {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (reason: unknown) => void
} {
  let resolve: (value: T) => void = () => {}
  let reject: (reason: unknown) => void = () => {}
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

/** The promise's value, or a failure that says what never came. */
export async function within<T>(what: string, promise: Promise<T>, ms = 20_000): Promise<T> {
  const limit = new AbortController()
  const late = pause(ms, undefined, { signal: limit.signal }).then(
    () => Promise.reject(new Error(`not within ${ms} ms: ${what}`)),
    () => new Promise<never>(() => {}),
  )
  try {
    return await Promise.race([promise, late])
  } finally {
    limit.abort()
  }
}

/** Asks until the answer is neither false nor undefined, or fails with what was awaited. */
export async function eventually<T>(
  what: string,
  probe: () => T | Promise<T>,
  ms = 20_000,
): Promise<Exclude<T, false | undefined>> {
  const deadline = Date.now() + ms
  for (;;) {
    const answer = await probe()
    if (answer !== false && answer !== undefined) return answer as Exclude<T, false | undefined>
    if (Date.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`)
    await pause(5)
  }
}

/** True while the promise has not settled; a few turns of the event loop are given to it. */
export async function pending(promise: Promise<unknown>, ms = 30): Promise<boolean> {
  const open = Symbol('open')
  const first = await Promise.race([
    promise.then(
      () => undefined,
      () => undefined,
    ),
    pause(ms, open),
  ])
  return first === open
}
