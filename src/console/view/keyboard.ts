/**
 * Tells how much of the page an on-screen keyboard covers. Browsers that shrink the page themselves report none,
 * so that only one of the two ever moves the composer.
 */
export function keyboardHeight(tell: (px: number) => void): () => void {
  const view = window.visualViewport
  if (!view) return () => {}
  const measure = () => {
    const covered = view.scale > 1.01 ? 0 : window.innerHeight - view.height - view.offsetTop
    tell(covered > 80 ? Math.round(covered) : 0)
  }
  view.addEventListener('resize', measure)
  view.addEventListener('scroll', measure)
  measure()
  return () => {
    view.removeEventListener('resize', measure)
    view.removeEventListener('scroll', measure)
  }
}
