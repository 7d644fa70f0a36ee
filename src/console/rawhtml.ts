import { escaped, isOwnPicture, mediaLink } from './media.ts'

const TAG = /<!--[\s\S]*?(?:-->|$)|<(\/?)([a-z][a-z0-9]*)((?:[^<>"']|"[^"]*"|'[^']*')*)>/gi
const ATTRIBUTE = /([a-z:-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+)))?/gi
/** Tags that say how words are meant, and nothing else. */
export const HARMLESS: ReadonlySet<string> = new Set(
  'a b blockquote br code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i ins kbd li mark ol p pre q s samp small span strong sub summary sup table tbody td tfoot th thead tr u ul var'.split(
    ' ',
  ),
)
const MEDIA = new Set('audio embed frame iframe image img input object source track video'.split(' '))
const KEPT = new Set(['href', 'title', 'start', 'align', 'colspan', 'rowspan', 'open'])
const SOURCES = ['src', 'srcset', 'data', 'href', 'xlink:href', 'poster']

/**
 * HTML that a model wrote into its Markdown, reduced to a few harmless tags; media become links that say what they
 * would load. This is for good manners: a browser already reports what its policy forbids while it only parses it.
 * That nothing gets through is the sanitiser's work, which comes after.
 */
export function tame(html: string): string {
  let tamed = ''
  let from = 0
  for (const found of html.matchAll(TAG)) {
    tamed += withoutAngles(html.slice(from, found.index)) + tagOf(found)
    from = found.index + found[0].length
  }
  return tamed + withoutAngles(html.slice(from))
}

function tagOf([, slash = '', written = '', rest = '']: RegExpMatchArray): string {
  const tag = written.toLowerCase()
  if (HARMLESS.has(tag)) return slash ? `</${tag}>` : `<${tag}${keptAttributes(rest)}>`
  return MEDIA.has(tag) && !slash ? asLink(tag, rest) : ''
}

function attributes(text: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const [, name = '', double, single, bare] of text.matchAll(ATTRIBUTE))
    found.set(name.toLowerCase(), double ?? single ?? bare ?? '')
  return found
}

function keptAttributes(text: string): string {
  return [...attributes(text)]
    .filter(([name]) => KEPT.has(name))
    .map(([name, value]) => ` ${name}="${value.replaceAll(/["<>]/g, (it) => escaped(it))}"`)
    .join('')
}

function asLink(tag: string, text: string): string {
  const has = attributes(text)
  const source = SOURCES.map((name) => has.get(name)).find(
    (value) => value !== undefined && value.trim() !== '',
  )
  if (source === undefined) return ''
  const alt = has.get('alt') ?? ''
  if (tag === 'img' && isOwnPicture(source)) return `<img src="${escaped(source)}" alt="${escaped(alt)}">`
  const kind = tag === 'img' || tag === 'image' || tag === 'input' ? 'image' : tag
  return mediaLink(kind, source.trim().split(/\s/, 1)[0]?.replace(/,$/, '') ?? '', alt)
}

function withoutAngles(text: string): string {
  return text.replaceAll(/[<>]/g, (angle) => escaped(angle))
}
