/** Holds what a few reads of an agent bring. */
const SPARE_BYTES = 512 << 10

let spare: Buffer | undefined

/**
 * A buffer of at least so many bytes: the one of the process, unless somebody has it. New room for every event would cost
 * more than all else that is done with it.
 */
export function borrow(bytes: number): Buffer {
  if (bytes > SPARE_BYTES) return Buffer.allocUnsafeSlow(bytes)
  const lent = spare ?? Buffer.allocUnsafeSlow(SPARE_BYTES)
  spare = undefined
  return lent
}

/** Nobody looks at its bytes any more. */
export function giveBack(lent: Buffer): void {
  if (lent.length === SPARE_BYTES) spare = lent
}
