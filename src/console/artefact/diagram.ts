import libraryUrl from 'mermaid/dist/mermaid.min.js?url'
import { DRAWING_PAGE } from './diagramframe.ts'
import { fill, hear, sandboxed } from './frame.ts'
import { readDiagram } from './preview.ts'

export interface Drawing {
  readonly svg: string
  readonly width: number
  readonly height: number
}

const MOST_CHARS = 50_000
const LOADING_MS = 20_000
const DRAWING_MS = 5_000

let library: Promise<string> | undefined
/** One at a time: each has a frame and a library of its own. */
let queue: Promise<unknown> = Promise.resolve()

/** A diagram as a picture. Throws a sentence for a person, and within the time limits whatever the diagram does. */
export function draw(source: string, signal: AbortSignal): Promise<Drawing> {
  if (source.trim() === '') return Promise.reject(new Error('there is nothing in it'))
  if (source.length > MOST_CHARS)
    return Promise.reject(
      new Error(`it has ${source.length} characters, more than the ${MOST_CHARS} that are drawn`),
    )
  const drawing = queue.then(async () => {
    signal.throwIfAborted()
    return drawWith(await loaded(), source, signal)
  })
  queue = drawing.catch(() => {})
  return drawing
}

/** Fetched once; after a failure, again. */
function loaded(): Promise<string> {
  library ??= fetch(libraryUrl)
    .then((response) => {
      if (!response.ok) throw new Error(`the gateway answered ${response.status}`)
      return response.text()
    })
    .catch((error: unknown) => {
      library = undefined
      throw new Error(`the drawing library did not come: ${error instanceof Error ? error.message : error}`)
    })
  return library
}

async function drawWith(code: string, source: string, signal: AbortSignal): Promise<Drawing> {
  const { promise, resolve, reject } = Promise.withResolvers<Drawing>()
  const over = new AbortController()
  const frame = sandboxed('diagram in the making')
  frame.className = 'drawing-board'
  frame.inert = true
  let limit = window.setTimeout(() => reject(new Error('the drawing library did not start')), LOADING_MS)
  signal.addEventListener('abort', () => reject(signal.reason), { signal: over.signal })
  fill(frame, DRAWING_PAGE, over.signal)
  hear(frame, over.signal, (data) => {
    const message = readDiagram(data)
    switch (message?.step) {
      case 'ready':
        frame.contentWindow?.postMessage({ library: code, source }, '*')
        break
      case 'drawing':
        clearTimeout(limit)
        limit = window.setTimeout(
          () => reject(new Error(`it was not drawn within ${DRAWING_MS / 1_000} seconds`)),
          DRAWING_MS,
        )
        break
      case 'drawn':
        resolve(message)
        break
      case 'failed':
        reject(new Error(message.trouble))
    }
  })
  document.body.append(frame)
  try {
    return await promise
  } finally {
    clearTimeout(limit)
    over.abort()
    frame.remove()
  }
}
