import { setImmediate as turn } from 'node:timers/promises'
import type { Segments } from './segments.ts'
import type { Spot } from './spot.ts'

/** What is written over between two turns of the event loop. */
const TURN_BYTES = 256 << 10
const TURN_RUNS = 100

/**
 * Writes over records that nothing needs any more, where they lie beside some that are alive: nobody who finds the disk should find
 * an answer whose time is over.
 * @throws the system's error; what was not written over is not gone then
 */
export async function erase(segments: Segments, spots: Iterable<Spot>): Promise<void> {
  let bytes = 0
  let count = 0
  for (const run of runs(spots)) {
    segments.erase(run, 'chunks', 0)
    bytes += run.length
    if (++count < TURN_RUNS && bytes < TURN_BYTES) continue
    bytes = 0
    count = 0
    await turn()
  }
}

/** Records one behind the other are written over as one, up to a turn's worth. */
export function* runs(spots: Iterable<Spot>): Generator<Spot> {
  let run: Spot | undefined
  for (const { segment, offset, length } of spots) {
    if (run && segment === run.segment && offset === run.offset + run.length && run.length < TURN_BYTES) {
      run = { ...run, length: run.length + length }
      continue
    }
    if (run) yield run
    run = { segment, offset, length }
  }
  if (run) yield run
}
