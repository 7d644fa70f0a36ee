import { Refusal } from './refusal.ts'

const PATH_BYTES = 1_024
const SEGMENT_BYTES = 255
const NAME_BYTES = 200

/** Control characters, and those that turn the reading direction and so make one name look like another. */
const UNSEEN = /[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]/g

/**
 * A path that can only mean a place below the root it is joined to: relative, `/` between its parts, no part empty, `.` or `..`.
 * It is returned in NFC, the form in which names are stored.
 * @throws Refusal invalid_path
 */
export function plainPath(text: string): string {
  const path = text.normalize('NFC')
  const parts = path.split('/')
  const wrong =
    path === ''
      ? 'is empty'
      : path.startsWith('/') || /^[A-Za-z]:/.test(path)
        ? 'is absolute'
        : path.includes('\\')
          ? 'has a backslash'
          : path.search(UNSEEN) >= 0
            ? 'has control characters'
            : parts.some((part) => part === '' || part === '.' || part === '..')
              ? 'has an empty part, . or ..'
              : Buffer.byteLength(path) > PATH_BYTES ||
                  parts.some((part) => Buffer.byteLength(part) > SEGMENT_BYTES)
                ? 'is too long'
                : undefined
  if (wrong) throw new Refusal('invalid_path', `this path ${wrong}`)
  return path
}

/** Names that begin with a dot are kept and saved, but neither listed nor served. */
export function isHidden(path: string): boolean {
  return path.split('/').some((part) => part.startsWith('.'))
}

/** What a sender calls a file, as a name for one: no folders, nothing unseen, not hidden, at most 200 bytes, its extension kept. */
export function fileName(given: string | undefined): string {
  const name = (given ?? '')
    .normalize('NFC')
    .replace(/^.*[/\\]/s, '')
    .replace(UNSEEN, '_')
    .replace(/^[.\s]+|[.\s]+$/g, '')
  if (Buffer.byteLength(name) <= NAME_BYTES) return name || 'upload'
  const { stem, extension } = split(name)
  const kept = Buffer.byteLength(extension) <= 20 ? extension : ''
  const whole = [...(kept ? stem : name)]
  while (Buffer.byteLength(whole.join('')) + Buffer.byteLength(kept) > NAME_BYTES) whole.pop()
  return whole.join('') + kept
}

/** `report.pdf` → `report (2).pdf`. */
export function numbered(name: string, n: number): string {
  if (n < 2) return name
  const { stem, extension } = split(name)
  return `${stem} (${n})${extension}`
}

function split(name: string): { stem: string; extension: string } {
  const dot = name.lastIndexOf('.')
  return dot > 0 ? { stem: name.slice(0, dot), extension: name.slice(dot) } : { stem: name, extension: '' }
}
