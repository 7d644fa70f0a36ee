/** What is used of the browser's own recognition of speech, which has no types yet. */
interface Recognition extends EventTarget {
  continuous: boolean
  interimResults: boolean
  lang: string
  start(): void
  stop(): void
  abort(): void
}
interface ResultEvent extends Event {
  readonly results: ArrayLike<ArrayLike<{ readonly transcript: string }>>
}
type Maker = new () => Recognition

function maker(): Maker | undefined {
  const { SpeechRecognition, webkitSpeechRecognition } = window as unknown as Record<
    string,
    Maker | undefined
  >
  return SpeechRecognition ?? webkitSpeechRecognition
}

export function canHear(): boolean {
  return maker() !== undefined
}

/** Listens beside the microphone until `words` is asked for. */
export interface OwnEars {
  words(): Promise<string>
  close(): void
}

export function openOwnEars(): OwnEars {
  const Made = maker()
  if (!Made) throw new Error('this browser does not recognise speech')
  const recognition = new Made()
  recognition.continuous = true
  recognition.interimResults = false
  recognition.lang = document.documentElement.lang || navigator.language
  let heard = ''
  let failure: string | undefined
  const over = new Promise<void>((resolve) => recognition.addEventListener('end', () => resolve()))
  recognition.addEventListener('result', (event) => {
    heard = Array.from((event as ResultEvent).results, (result) => result[0]?.transcript ?? '').join(' ')
  })
  recognition.addEventListener('error', (event) => {
    failure = (event as Event & { readonly error?: string }).error ?? 'unknown'
  })
  recognition.start()
  return {
    close: () => recognition.abort(),
    async words() {
      recognition.stop()
      await over
      if (failure && failure !== 'no-speech' && heard === '')
        throw new Error(`the browser's own recognition failed: ${failure}`)
      return heard
    },
  }
}
