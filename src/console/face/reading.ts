import type { Stage } from './scene.ts'

const NEAR_PX = 120

export interface Reading {
  /** 0 to 1: how much the words want to be alone. */
  readonly isRead: number
  readonly stage: Stage
}

/** Watches the conversation for how it is read, and where it is. */
export function watchReading(main: HTMLElement, tell: (reading: Reading) => void): () => void {
  let frame = 0
  const look = () => {
    frame = 0
    const { scrollTop, scrollHeight, clientHeight } = main
    const isUp = scrollHeight - scrollTop - clientHeight > NEAR_PX
    const isLong = scrollHeight > clientHeight * 1.4
    const { left, top, width, height } = main.getBoundingClientRect()
    tell({ isRead: isUp ? 1 : isLong ? 0.6 : 0, stage: { left, top, width, height } })
  }
  const soon = () => {
    if (frame === 0) frame = requestAnimationFrame(look)
  }
  const observer = new ResizeObserver(soon)
  observer.observe(main)
  if (main.firstElementChild) observer.observe(main.firstElementChild)
  main.addEventListener('scroll', soon, { passive: true })
  soon()
  return () => {
    cancelAnimationFrame(frame)
    observer.disconnect()
    main.removeEventListener('scroll', soon)
  }
}
