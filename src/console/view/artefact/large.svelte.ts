import { tick } from 'svelte'

/**
 * Shows an element over the whole page without moving it in the document: a frame that is moved begins anew. The
 * place that it leaves stays as high as it was.
 */
export function large() {
  let isLarge = $state(false)
  let place: HTMLElement | undefined
  let figure: HTMLElement | undefined

  async function enter(): Promise<void> {
    if (!place || !figure) return
    place.style.height = `${place.offsetHeight}px`
    isLarge = true
    await tick()
    figure.popover = 'manual'
    figure.showPopover()
    closeButton()?.focus()
  }

  function leave(): void {
    if (!isLarge || !figure) return
    if (figure.matches(':popover-open')) figure.hidePopover()
    figure.removeAttribute('popover')
    place?.style.removeProperty('height')
    if (place?.getAttribute('style') === '') place.removeAttribute('style')
    isLarge = false
    closeButton()?.focus()
  }

  const closeButton = () => figure?.querySelector<HTMLElement>('[data-enlarge]')

  return {
    get isLarge() {
      return isLarge
    },
    toggle: () => void (isLarge ? leave() : enter()),
    keep(node: HTMLElement) {
      place = node
    },
    figure(node: HTMLElement) {
      figure = node
      const over = new AbortController()
      const { signal } = over
      addEventListener(
        'keydown',
        (event) => {
          if (event.key !== 'Escape' || !isLarge) return
          event.stopPropagation()
          leave()
        },
        { signal, capture: true },
      )
      // The page behind is covered, so the focus has nothing to do there.
      document.addEventListener(
        'focusin',
        (event) => {
          if (isLarge && event.target instanceof Node && !node.contains(event.target)) closeButton()?.focus()
        },
        { signal },
      )
      return () => over.abort()
    },
  }
}
