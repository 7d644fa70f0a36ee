import { readReady } from './preview.ts'

const SOURCE = '/preview'

/** A frame without an origin, without a network and without permissions, not yet in the page. */
export function sandboxed(title: string): HTMLIFrameElement {
  const frame = document.createElement('iframe')
  // Before the address: what is loaded is under the flags that were there when loading began.
  frame.setAttribute('sandbox', 'allow-scripts')
  frame.setAttribute('allow', '')
  frame.referrerPolicy = 'no-referrer'
  frame.title = title
  frame.src = SOURCE
  return frame
}

/** Messages of this one frame, until the signal. The origin of a sandboxed page is the word "null", anyone's. */
export function hear(frame: HTMLIFrameElement, signal: AbortSignal, told: (data: unknown) => void): void {
  addEventListener(
    'message',
    (event) => {
      if (event.source !== null && event.source === frame.contentWindow) told(event.data)
    },
    { signal },
  )
}

/** Fills the frame once, when it says that it is there. It may say so again, having led itself back here. */
export function fill(frame: HTMLIFrameElement, html: string, signal: AbortSignal): void {
  let isFilled = false
  hear(frame, signal, (data) => {
    if (isFilled || !readReady(data)) return
    isFilled = true
    frame.contentWindow?.postMessage({ html }, '*')
  })
}
