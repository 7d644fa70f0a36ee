import { Fault } from './fault.ts'

/** A name that is still encoded after so many decodings has only one purpose. */
const DECODINGS = 6
/** The next server may decode what is whole and leave the rest as it is. */
const ENCODED = /%[0-9a-f]{2}/i

/**
 * The one way from a raw request target to a path below the workspace, each segment encoded anew. Frameworks decode `..%2f` before a
 * handler sees it, so this takes the target as it came over the wire; and a name that would be a traversal after another decoding is
 * refused too, because who knows how often the next server decodes.
 * @throws Fault `invalid_path`
 */
export function safePath(target: string, prefix: string): string {
  const query = target.indexOf('?')
  const raw = query === -1 ? target : target.slice(0, query)
  const path = raw.startsWith(prefix) ? decoded(raw.slice(prefix.length)) : undefined
  if (path === undefined || !plain(path)) throw invalid()
  let deeper = path
  for (let i = 0; ENCODED.test(deeper); i++) {
    deeper = deeper.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
    if (i === DECODINGS || !plain(deeper)) throw invalid()
  }
  return path.split('/').map(encodeURIComponent).join('/')
}

function invalid(): Fault {
  return new Fault('invalid_path', 'this is not the path of a file in the workspace')
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function plain(path: string): boolean {
  return (
    !/[\x00-\x1f\x7f\\]|^[a-z]:/i.test(path) &&
    path.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..')
  )
}
