/** What a person wants of the face. */
export const FACE_CHOICES = ['on', 'still', 'off'] as const
export type FaceChoice = (typeof FACE_CHOICES)[number]

/** What it is made into: a face, a face of circuits, or a graph that drifts. */
export const FACE_FORMS = ['face', 'cyber', 'graph'] as const
export type FaceForm = (typeof FACE_FORMS)[number]

interface Kept<T extends string> {
  readonly key: string
  readonly event: string
  readonly among: readonly T[]
}

const CHOICE: Kept<FaceChoice> = { key: 'face', event: 'ghost:face', among: FACE_CHOICES }
const FORM: Kept<FaceForm> = { key: 'face-form', event: 'ghost:face-form', among: FACE_FORMS }

/** What was chosen; undefined as long as nobody chose, so that the device may decide. */
export function readFaceChoice(): FaceChoice | undefined {
  return read(CHOICE)
}

export function keepFaceChoice(choice: FaceChoice): void {
  keep(CHOICE, choice)
}

/** Tells of every change, from this page or another. */
export function onFaceChoice(tell: (choice: FaceChoice | undefined) => void, signal: AbortSignal): void {
  onChange(CHOICE, tell, signal)
}

/** The form that was chosen; the first as long as nobody chose. */
export function readFaceForm(): FaceForm {
  return read(FORM) ?? FACE_FORMS[0]
}

export function keepFaceForm(form: FaceForm): void {
  keep(FORM, form)
}

/** Tells of every change, from this page or another. */
export function onFaceForm(tell: (form: FaceForm) => void, signal: AbortSignal): void {
  onChange(FORM, (form) => tell(form ?? FACE_FORMS[0]), signal)
}

function read<T extends string>({ key, among }: Kept<T>): T | undefined {
  try {
    const kept = localStorage.getItem(key)
    return among.find((one) => one === kept)
  } catch {
    return undefined
  }
}

function keep<T extends string>({ key, event }: Kept<T>, chosen: T): void {
  try {
    localStorage.setItem(key, chosen)
  } catch {
    // A browser that keeps nothing forgets this too; it holds until the page is left.
  }
  dispatchEvent(new CustomEvent(event, { detail: chosen }))
}

function onChange<T extends string>(
  kept: Kept<T>,
  tell: (chosen: T | undefined) => void,
  signal: AbortSignal,
): void {
  addEventListener(
    kept.event,
    (event) => {
      if (event instanceof CustomEvent) tell(kept.among.find((one) => one === event.detail))
    },
    { signal },
  )
  addEventListener('storage', ({ key }) => key === kept.key && tell(read(kept)), { signal })
}
