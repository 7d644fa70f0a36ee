/** What a person wants of the face. */
export const FACE_CHOICES = ['on', 'still', 'off'] as const
export type FaceChoice = (typeof FACE_CHOICES)[number]

const KEY = 'face'

/** What was chosen; undefined as long as nobody chose, so that the device may decide. */
export function readFaceChoice(): FaceChoice | undefined {
  try {
    const kept = localStorage.getItem(KEY)
    return FACE_CHOICES.find((choice) => choice === kept)
  } catch {
    return undefined
  }
}

const CHANGED = 'ghost:face'

export function keepFaceChoice(choice: FaceChoice): void {
  try {
    localStorage.setItem(KEY, choice)
  } catch {
    // A browser that keeps nothing forgets this too; it holds until the page is left.
  }
  dispatchEvent(new CustomEvent(CHANGED, { detail: choice }))
}

/** Tells of every change, from this page or another. */
export function onFaceChoice(tell: (choice: FaceChoice | undefined) => void, signal: AbortSignal): void {
  addEventListener(
    CHANGED,
    (event) => {
      if (event instanceof CustomEvent) tell(FACE_CHOICES.find((choice) => choice === event.detail))
    },
    { signal },
  )
  addEventListener('storage', ({ key }) => key === KEY && tell(readFaceChoice()), { signal })
}
