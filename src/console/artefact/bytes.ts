const START: readonly (readonly [type: string, start: string, at: number])[] = [
  ['image/png', '\x89PNG\r\n\x1a\n', 0],
  ['image/jpeg', '\xff\xd8\xff', 0],
  ['image/gif', 'GIF87a', 0],
  ['image/gif', 'GIF89a', 0],
  ['image/webp', 'WEBP', 8],
  ['application/pdf', '%PDF-', 0],
]

/** What bytes are by how they begin, of the few types that are safe to show. Names and headers are not asked. */
export function typeOf(bytes: Uint8Array): string | undefined {
  const head = String.fromCharCode(...bytes.subarray(0, 16))
  const found = START.find(([, start, at]) => head.startsWith(start, at))?.[0]
  return found === 'image/webp' && !head.startsWith('RIFF') ? undefined : found
}

const DOWNLOAD = '/api/download/'

/** A file of the agent that a link means, as a path of this gateway; nothing for any other link. */
export function ownFile(href: string, origin: string): string | undefined {
  if (!URL.canParse(href, origin)) return undefined
  const url = new URL(href, origin)
  if (url.origin !== origin || url.username !== '' || !url.pathname.startsWith(DOWNLOAD)) return undefined
  return url.pathname.length > DOWNLOAD.length ? url.pathname : undefined
}

/** The name of a file in such a path, as a person reads it. */
export function nameIn(path: string): string {
  const last = path.slice(path.lastIndexOf('/') + 1)
  try {
    return decodeURIComponent(last)
  } catch {
    return last
  }
}

export type FileKind = 'image' | 'pdf' | 'other'

export function fileKind(path: string): FileKind {
  const extension = /\.([a-z0-9]+)$/i.exec(nameIn(path))?.[1]?.toLowerCase() ?? ''
  if (['png', 'jpg', 'jpeg', 'gif', 'webp'].includes(extension)) return 'image'
  return extension === 'pdf' ? 'pdf' : 'other'
}
