import { isRecord } from '../said.ts'
import type { Place, PlaceKeeper } from './narrator.ts'

const NAME = 'ghost.spoken'

/** Beside the tab, as what it shows is: two tabs speak of two answers. */
export const places: PlaceKeeper = {
  read() {
    try {
      return readPlace(JSON.parse(sessionStorage.getItem(NAME) ?? 'null'))
    } catch {
      return undefined
    }
  },
  keep(place) {
    try {
      sessionStorage.setItem(NAME, JSON.stringify(place))
    } catch {
      // Without it a reload is silent.
    }
  },
}

function readPlace(value: unknown): Place | undefined {
  if (!isRecord(value)) return undefined
  const { answer, count, last, isOver } = value
  if (typeof answer !== 'string' || typeof last !== 'string' || typeof count !== 'number') return undefined
  return { answer, count, last, isOver: isOver === true }
}
