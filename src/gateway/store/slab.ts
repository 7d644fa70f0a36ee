/**
 * Chunks side by side in memory, from the begin of the view on; from its end on, backwards, a word for each that says where it ends. One
 * view and nothing else: of hundreds of logs none is in the processor's cache when its turn comes, and a buffer, a view of it and a table of
 * ends are three things to fetch from memory.
 */
export interface Slab {
  readonly view: DataView
  /** Number of the first chunk in it. */
  readonly first: number
  /** How many chunks there are. */
  readonly count: number
}

const WORD = 4

/** What a slab takes for so many bytes in so many chunks. */
export function sizeOf(bytes: number, chunks: number): number {
  return bytes + WORD * chunks
}

/** Where the chunk at `index` ends; before the first one it is where that begins. */
export function endAt({ view }: Slab, index: number): number {
  return index < 0 ? 0 : view.getUint32(view.byteLength - WORD * (index + 1), true)
}

export function setEndAt(view: DataView, index: number, end: number): void {
  view.setUint32(view.byteLength - WORD * (index + 1), end, true)
}

/** A view of some of the bytes. */
export function bytesIn(view: DataView, start: number, end: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset + start, end - start)
}

/** Its view, or one of a copy that has no room left. */
export function sealed(slab: Slab): DataView {
  const { view, count } = slab
  const used = endAt(slab, count - 1)
  const size = sizeOf(used, count)
  if (size === view.byteLength) return view
  const exact = blank(size)
  bytesIn(exact, 0, used).set(bytesIn(view, 0, used))
  bytesIn(exact, used, size).set(bytesIn(view, view.byteLength - WORD * count, view.byteLength))
  return exact
}

/** Memory that is not cleared before. */
export function blank(bytes: number): DataView {
  return new DataView(Buffer.allocUnsafeSlow(bytes).buffer)
}
