import type { Token, Tokens } from 'marked'

/** A name in code that is short enough to be a word: more than that is for the eyes. */
const CODE_CHARS = 40
const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  hellip: '…',
  mdash: '—',
  ndash: '–',
}
const EMOJI =
  /(?:\p{Regional_Indicator}{2}|[#*\d]\ufe0f?\u20e3|(?![©®™])\p{Extended_Pictographic}(?:\ufe0f|\p{Emoji_Modifier})?(?:\u200d\p{Extended_Pictographic}(?:\ufe0f|\p{Emoji_Modifier})?)*)/gu
const ADDRESS = /\b(?:https?:\/\/|www\.)[^\s<>()]*[^\s<>().,;:!?'"]/giu

/** The words of a line, as a person would read them to another. */
export function wordsOf(tokens: readonly Token[]): string {
  return tokens.map(wordOf).join('')
}

function wordOf(token: Token): string {
  switch (token.type) {
    case 'br':
      return '\n'
    case 'html':
    case 'checkbox':
    case 'image':
      return token.type === 'image' ? (token as Tokens.Image).text : ''
    case 'codespan':
      return codeWords((token as Tokens.Codespan).text)
    case 'link':
      return linkWords(token as Tokens.Link)
    case 'escape':
      return (token as Tokens.Escape).text
  }
  const { tokens } = token as { tokens?: Token[] }
  return tokens ? wordsOf(tokens) : 'text' in token && typeof token.text === 'string' ? token.text : ''
}

function codeWords(code: string): string {
  const words = code.replaceAll(/[_/\\]+|(?<=\p{Ll})(?=\p{Lu})/gu, ' ').trim()
  return code.length <= CODE_CHARS && !/[{}();=<>|$]/.test(code) ? words : ''
}

function linkWords({ text, href, tokens }: Tokens.Link): string {
  return text === href || ADDRESS.test(text) ? text.replaceAll(ADDRESS, hostOf) : wordsOf(tokens)
}

function hostOf(address: string): string {
  return address
    .replace(/^https?:\/\//i, '')
    .replace(/^www\./i, '')
    .replace(/[/?#:].*$/s, '')
}

/** Without what has no sound: pictures, marks that were not understood, addresses, numbers of footnotes. */
export function sayable(text: string): string {
  return (
    text
      .replaceAll(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]+));/gi, (whole, ten, sixteen, name: string) => {
        if (name) return ENTITIES[name.toLowerCase()] ?? whole
        const code = ten ? Number.parseInt(ten, 10) : Number.parseInt(sixteen, 16)
        return code <= 0x10ffff ? String.fromCodePoint(code) : ''
      })
      .replaceAll(/\$\$.*?\$\$/gs, ' ')
      .replaceAll(EMOJI, ' ')
      .replaceAll(ADDRESS, hostOf)
      .replaceAll(/\s?\[\^?\d{1,3}\]/g, '')
      // A link whose address comes at the end of the answer, or never.
      .replaceAll(/!?\[([^\][]*)\](?:\[[^\][]*\])?/g, '$1')
      .replaceAll(/\*+|~~+|`+|(?<![\p{L}\p{N}])_+|_+(?![\p{L}\p{N}])/gu, '')
      .replaceAll(/\s*[→⇒➔•·|]+\s*/gu, ', ')
      .replaceAll(/[ \t]+/g, ' ')
      .replaceAll(/ +(?=[.,;:!?])/g, '')
  )
}
