import type { LogPage } from '../logring.ts'

const LINE_PX = 24
const AROUND_PX = 900
/** The newest are always there, so that going to the end needs no second look. */
const NEWEST = 2

/** Which pages of a long list are near what is seen, and how high the others were. */
export class Pages {
  #near = $state.raw<ReadonlySet<number>>(new Set())
  readonly #heights = new Map<number, { readonly lines: number; readonly px: number }>()

  /** For `{@attach}` on the element that scrolls. */
  readonly attach = (scroller: HTMLElement): (() => void) => {
    const observer = new IntersectionObserver((entries) => this.#seen(entries), {
      root: scroller,
      rootMargin: `${AROUND_PX}px 0px`,
    })
    // Pages come and go with the log; each is watched as long as it is there.
    const watch = (node: Node, isThere: boolean) => {
      if (!(node instanceof HTMLElement) || node.dataset.page === undefined) return
      if (isThere) observer.observe(node)
      else {
        observer.unobserve(node)
        this.#heights.delete(Number(node.dataset.page))
      }
    }
    for (const page of scroller.querySelectorAll('[data-page]')) watch(page, true)
    const list = new MutationObserver((changes) => {
      for (const { addedNodes, removedNodes } of changes) {
        for (const node of addedNodes) watch(node, true)
        for (const node of removedNodes) watch(node, false)
      }
    })
    list.observe(scroller.firstElementChild ?? scroller, { childList: true })
    return () => {
      observer.disconnect()
      list.disconnect()
    }
  }

  isNear(page: LogPage, at: number, all: number): boolean {
    return at >= all - NEWEST || this.#near.has(page.number)
  }

  heightOf(page: LogPage): number {
    const known = this.#heights.get(page.number)
    const each = known ? known.px / known.lines : LINE_PX
    return Math.round(page.lines.length * each)
  }

  #seen(entries: readonly IntersectionObserverEntry[]): void {
    const near = new Set(this.#near)
    for (const { target, isIntersecting, boundingClientRect } of entries) {
      if (!(target instanceof HTMLElement)) continue
      const number = Number(target.dataset.page)
      if (isIntersecting) near.add(number)
      else {
        near.delete(number)
        const lines = target.childElementCount
        if (lines > 0) this.#heights.set(number, { lines, px: boundingClientRect.height })
      }
    }
    for (const number of near) if (!document.querySelector(`[data-page="${number}"]`)) near.delete(number)
    this.#near = near
  }
}
