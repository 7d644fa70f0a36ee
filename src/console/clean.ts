import createPurifier from 'dompurify'
import { Marked, type Token } from 'marked'
import { ownFile } from './artefact/bytes.ts'
import { escaped, isOwnPicture, mediaLink } from './media.ts'
import { HARMLESS, tame } from './rawhtml.ts'

const TAGS = [...HARMLESS, 'img']
const ATTRIBUTES =
  'href title src alt start align open colspan rowspan data-language data-media data-file'.split(' ')

const marked = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    html: ({ text }) => tame(text),
    image: ({ href, text }) => {
      const path = ownFile(href, location.origin)
      if (path) return `<span data-file="${escaped(path)}">${escaped(text)}</span>`
      return isOwnPicture(href)
        ? `<img src="${escaped(href)}" alt="${escaped(text)}">`
        : mediaLink('image', href, text)
    },
    code: ({ text, lang }) =>
      `<pre data-language="${escaped(/^[\w+#.-]+/.exec(lang ?? '')?.[0] ?? '')}"><code>${escaped(text)}</code></pre>`,
    checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
  },
})

const purifier = createPurifier(window)
purifier.addHook('uponSanitizeAttribute', (_node, attribute) => {
  if (attribute.attrName === 'src' && !isOwnPicture(attribute.attrValue)) attribute.keepAttr = false
})

/** Markdown tokens as nodes that run nothing and load nothing. Cleaning comes last, whatever Markdown has made. */
export function render(tokens: Token[]): DocumentFragment {
  const fragment = purifier.sanitize(marked.parser(tokens), {
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

/** Only to where a person can see that they are going; everything else keeps its words and loses its link. */
function dressLink(link: HTMLAnchorElement): void {
  const href = link.getAttribute('href') ?? ''
  const path = ownFile(href, location.origin)
  if (path) link.dataset.file = path
  const url = URL.canParse(href) ? new URL(href) : undefined
  if (path || !url || !['http:', 'https:', 'mailto:'].includes(url.protocol)) {
    link.removeAttribute('href')
    return
  }
  link.target = '_blank'
  link.rel = 'noopener noreferrer nofollow'
  if (!link.title) link.title = url.href
}
