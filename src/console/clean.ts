import createPurifier from 'dompurify'
import { Marked, type Token } from 'marked'

const TAGS =
  'a b blockquote br code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small span strong sub summary sup table tbody td tfoot th thead tr u ul var'.split(
    ' ',
  )
const ATTRIBUTES = [
  'href',
  'title',
  'src',
  'alt',
  'start',
  'align',
  'open',
  'colspan',
  'rowspan',
  'data-language',
  'data-media',
]
const MEDIA =
  'img,picture,video,audio,source,track,iframe,frame,object,embed,svg,math,image,link,portal,fencedframe'
/** A picture that is in the text itself asks nobody for anything. SVG is not among them, since it can. */
const OWN_PICTURE = /^data:image\/(?:png|jpeg|gif|webp|avif);base64,[\w+/=\s]+$/i

const marked = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    image: ({ href, text }) =>
      OWN_PICTURE.test(href) ? `<img src="${href}" alt="${escaped(text)}">` : mediaLink('image', href, text),
    code: ({ text, lang }) =>
      `<pre data-language="${escaped(/^[\w+#.-]+/.exec(lang ?? '')?.[0] ?? '')}"><code>${escaped(text)}</code></pre>`,
    checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
  },
})

const purifier = createPurifier(window)
purifier.addHook('uponSanitizeAttribute', (_node, attribute) => {
  if (attribute.attrName === 'src' && !OWN_PICTURE.test(attribute.attrValue)) attribute.keepAttr = false
})

/**
 * Markdown tokens as nodes that run nothing and load nothing. Cleaning comes last: whatever Markdown or the
 * replacing of media may have made goes through it.
 */
export function render(tokens: Token[]): DocumentFragment {
  const fragment = purifier.sanitize(withoutMedia(marked.parser(tokens)), {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ATTRIBUTES,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  })
  for (const link of fragment.querySelectorAll('a')) dressLink(link)
  for (const table of fragment.querySelectorAll('table')) {
    const frame = document.createElement('div')
    frame.className = 'table'
    frame.tabIndex = 0
    frame.setAttribute('role', 'region')
    frame.setAttribute('aria-label', 'Table')
    table.replaceWith(frame)
    frame.append(table)
  }
  return fragment
}

/** Raw HTML can ask for more kinds of media than Markdown. Each becomes a link that says what it would load. */
function withoutMedia(html: string): string {
  if (!/<(?:img|picture|video|audio|source|track|i?frame|object|embed|svg|math|image|link)/i.test(html))
    return html
  const { body } = new DOMParser().parseFromString(html, 'text/html')
  for (const element of body.querySelectorAll(MEDIA)) {
    if (!element.isConnected || OWN_PICTURE.test(element.getAttribute('src') ?? '')) continue
    const holder = [element, ...element.querySelectorAll('*')].find(sourceOf)
    const link = body.ownerDocument.createElement('template')
    const kind =
      element.localName === 'picture' ? 'image' : element.localName === 'img' ? 'image' : element.localName
    link.innerHTML = mediaLink(kind, (holder && sourceOf(holder)) ?? '', element.getAttribute('alt') ?? '')
    element.replaceWith(link.content)
  }
  return body.innerHTML
}

function sourceOf(element: Element): string | undefined {
  for (const name of ['src', 'srcset', 'data', 'href', 'xlink:href', 'poster']) {
    const value = element.getAttribute(name)?.trim().split(/[\s,]/)[0]
    if (value) return value
  }
  return undefined
}

function mediaLink(kind: string, href: string, alt: string): string {
  const place = URL.canParse(href) ? new URL(href).host : ''
  const label = `${kind}${alt ? `: ${alt}` : ''}${place ? ` · ${place}` : ''}`
  return `<a data-media="${escaped(kind)}" href="${escaped(href)}" title="${escaped(`not loaded: ${href}`)}">${escaped(label)}</a>`
}

/** Only to where a person can see that they are going; everything else keeps its words and loses its link. */
function dressLink(link: HTMLAnchorElement): void {
  const href = link.getAttribute('href') ?? ''
  const url = URL.canParse(href) ? new URL(href) : undefined
  if (!url || !['http:', 'https:', 'mailto:'].includes(url.protocol)) {
    link.removeAttribute('href')
    return
  }
  link.target = '_blank'
  link.rel = 'noopener noreferrer nofollow'
  if (!link.title) link.title = url.href
}

function escaped(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  }
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character)
}
