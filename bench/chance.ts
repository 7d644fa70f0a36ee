/** Chance that comes again: the same seed gives the same attacks. */
export interface Chance {
  /** A whole number from 0 to below `end`. */
  below(end: number): number
  of<T>(things: readonly T[]): T
  bytes(length: number): Buffer
}

export function chanceOf(seed: number): Chance {
  let state = seed >>> 0
  // mulberry32: small, and good enough to find what nobody thought of.
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  const below = (end: number) => next() % end
  return {
    below,
    of: (things) => things[below(things.length)] as (typeof things)[number],
    bytes: (length) => Buffer.from(Array.from({ length }, () => below(256))),
  }
}

/** The bytes with a few of them changed, doubled, left out, cut off, or replaced by what parsers stumble over. */
export function mutated(chance: Chance, bytes: Buffer, awkward: readonly Buffer[]): Buffer {
  let out = bytes
  for (let times = 1 + chance.below(6); times > 0; times -= 1) {
    const at = chance.below(out.length + 1)
    const length = chance.below(16)
    const [before, after] = [out.subarray(0, at), out.subarray(at)]
    out = chance.of([
      () => Buffer.concat([before, chance.bytes(1 + length), after.subarray(1 + length)]),
      () => Buffer.concat([before, after.subarray(length)]),
      () => Buffer.concat([before, after.subarray(0, length), after]),
      () => Buffer.concat([before, chance.of(awkward), after]),
      () => before,
    ])()
  }
  return out
}
