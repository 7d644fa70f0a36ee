/** Holds what a few reads of an agent bring. */
const SPARE_BYTES = 512 << 10
const LEAST_BYTES = 4 << 10

let spare: Buffer | undefined = Buffer.allocUnsafeSlow(SPARE_BYTES)

/**
 * A buffer of at least so many bytes: the one that the process keeps for this, or one just as large as is needed while somebody else has
 * that. New room for every event would cost more than all else that is done with it.
 */
export function borrow(bytes: number): Buffer {
  if (!spare || bytes > SPARE_BYTES) return Buffer.allocUnsafe(Math.max(bytes, LEAST_BYTES))
  const lent = spare
  spare = undefined
  return lent
}

/** Nobody looks at its bytes any more. */
export function giveBack(lent: Buffer): void {
  if (lent.length === SPARE_BYTES) spare = lent
}
