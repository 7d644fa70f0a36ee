const ZERO = 0x30

/** How many digits a whole number has. */
export function digitsOf(value: number): number {
  let digits = 1
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++
  return digits
}

/**
 * Writes a whole number so that its last digit is before `end`. Digit by digit: a call into the runtime for each number would be a
 * twentieth of all that an event costs.
 */
export function putDigits(to: Uint8Array, end: number, value: number): void {
  let at = end - 1
  let rest = value
  for (; rest >= 10; rest = Math.floor(rest / 10)) to[at--] = ZERO + (rest % 10)
  to[at] = ZERO + rest
}
