import { isStill } from '../motion.ts'

const NEAR_PX = 64

/** Keeps a reader who is at the newest line there, and leaves alone one who has gone up. */
export class Stick {
  /** There is something below that the reader has not seen. */
  hasMore = $state(false)
  follows = $state(true)
  #scroller: HTMLElement | undefined
  #top = 0
  #width = 0
  #last: Element | undefined
  #height = 0

  /** For `{@attach}` on the element that scrolls; its first child is what grows. */
  readonly attach = (scroller: HTMLElement): (() => void) => {
    this.#scroller = scroller
    const observer = new ResizeObserver(() => this.#grown(scroller))
    observer.observe(scroller)
    if (scroller.firstElementChild) observer.observe(scroller.firstElementChild)
    const scrolled = () => this.#scrolled(scroller)
    scroller.addEventListener('scroll', scrolled, { passive: true })
    return () => {
      observer.disconnect()
      scroller.removeEventListener('scroll', scrolled)
    }
  }

  toNewest(isSmooth = false): void {
    this.follows = true
    this.hasMore = false
    const atOnce = !isSmooth || isStill()
    const scroller = this.#scroller
    scroller?.scrollTo({ top: scroller.scrollHeight, behavior: atOnce ? 'instant' : 'smooth' })
    // The event that tells of it comes later; a reader who goes up before that goes up from here.
    if (scroller && atOnce) this.#top = scroller.scrollTop
  }

  #grown(scroller: HTMLElement): void {
    const last = scroller.querySelector('.turn:last-child') ?? undefined
    const height = last?.clientHeight ?? 0
    const isNews = scroller.clientWidth === this.#width && (last !== this.#last || height !== this.#height)
    this.#width = scroller.clientWidth
    this.#last = last
    this.#height = height
    if (this.follows) this.toNewest()
    // A narrower page is longer without saying more, and so is one whose older messages are laid out at last.
    else if (isNews) this.hasMore = true
  }

  // Only going up is leaving: text may have grown between our own scrolling and the event that tells of it.
  #scrolled(scroller: HTMLElement): void {
    const { scrollTop, scrollHeight, clientHeight } = scroller
    const isNear = scrollHeight - scrollTop - clientHeight < NEAR_PX
    if (isNear) {
      this.follows = true
      this.hasMore = false
    } else if (scrollTop < this.#top) {
      this.follows = false
    }
    this.#top = scrollTop
  }
}
