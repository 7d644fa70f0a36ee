import { setFlagsFromString } from 'node:v8'

/** Sets V8 up for what a gateway does: to be called before anything else, and only by what is the whole process. */
export function tuneHeap(): void {
  /**
   * How much the heap may grow before all of it is looked through, in percent of what was alive. The logs lie outside of it and count all
   * the same: left to itself the collector looked every six seconds, with helpers on every core, and each time a thousand events were late.
   */
  setFlagsFromString('--heap-growing-percent=300')
  /** What an event leaves behind is dead a moment later. V8 may take it for long-lived, and keep it until all of the heap is looked through. */
  setFlagsFromString('--no-allocation-site-pretenuring')
}
