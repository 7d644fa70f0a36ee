/** What is kept of the bytes before, so that a sign split between two reads is seen. */
const OVERLAP_BYTES = 64

const DONE = /[\r\n]data: ?\[DONE\][ \t]*[\r\n]/
const DONE_AT_END = /[\r\n]data: ?\[DONE\][ \t]*$/
const FINISHED = /"finish_reason"\s*:\s*"[^"]/

/**
 * Whether an answer said of itself that it is over. Only an answer whose sole end is the end of its connection needs this: such a
 * connection ends the same way whether the agent was done or died. In JSON a quote inside a text is escaped, so the model's words
 * cannot forge the sign.
 */
export class Completeness {
  #tail = '\n'
  #complete = false

  get complete(): boolean {
    return this.#complete || DONE_AT_END.test(this.#tail)
  }

  see(chunk: Buffer): void {
    if (this.#complete) return
    const text = this.#tail + chunk.toString('latin1')
    this.#complete = DONE.test(text) || FINISHED.test(text)
    this.#tail = text.slice(-OVERLAP_BYTES)
  }
}
