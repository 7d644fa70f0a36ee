/** What an engine is given at most at once: it bounds how long a sentence can take, and how soon the first is heard. */
const SENTENCE_CHARS = 300
const SAYS_SOMETHING = /[\p{L}\p{N}]/u
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g
/** Half of a character is none. */
const LONE = /\p{Surrogate}/gu

/** A text cut where a speaker would breathe. What is only marks goes with the sentence before it. */
export function sentencesOf(text: string): readonly string[] {
  const clean = text.replace(LONE, ' ').replace(CONTROL, ' ')
  const cut: string[] = []
  for (const { segment } of new Intl.Segmenter('en', { granularity: 'sentence' }).segment(clean)) {
    const sentence = segment.replace(/\s+/g, ' ').trim()
    for (const piece of pieces(sentence)) {
      const before = cut.at(-1)
      if (SAYS_SOMETHING.test(piece) || before === undefined) cut.push(piece)
      else if (before.length + piece.length < SENTENCE_CHARS) cut[cut.length - 1] = `${before} ${piece}`
    }
  }
  return cut
}

function* pieces(sentence: string): Generator<string> {
  let rest = sentence
  while (rest.length > SENTENCE_CHARS) {
    const window = rest.slice(0, SENTENCE_CHARS)
    const comma = window.search(/[,;:–—][^,;:–—]*$/) + 1
    const space = window.lastIndexOf(' ')
    const at = comma > SENTENCE_CHARS / 3 ? comma : space > 0 ? space : whole(window)
    yield rest.slice(0, at).trim()
    rest = rest.slice(at).trim()
  }
  if (rest !== '') yield rest
}

/** A cut must not leave half of a character. */
const whole = (window: string): number => window.replace(/[\ud800-\udbff]$/, '').length
