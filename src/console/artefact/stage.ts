const MOST = 4
const playing: (() => void)[] = []

/** A place for running code. Few run at once: one that starts beyond that ends the one that has run longest. */
export function takeStage(end: () => void): () => void {
  playing.push(end)
  if (playing.length > MOST) playing.shift()?.()
  return () => {
    const at = playing.indexOf(end)
    if (at >= 0) playing.splice(at, 1)
  }
}
