/** A piece of text that is read without a gap: a paragraph, an item of a list, a row. */
export interface Passage {
  readonly text: string
  /** Nothing more will be written into it. */
  readonly closed: boolean
}

const MOST_CHARS = 280
const LEAST_CUT_CHARS = 120

/**
 * Words that end with a dot and do not end a sentence. What can do both (etc., usw.) is not here: before a small
 * letter the segmenter does not cut anyway.
 */
const ABBREVIATIONS = new Set(
  `mr mrs ms dr prof st jr sr vs fig figs eq approx dept est gen gov lt col sgt rev hon inc ltd corp vol
   ca bzw evtl ggf vgl bzgl inkl exkl zzgl bspw sog geb gest hrsg nr str fr hr tel abs art kap abb tab mio mrd
   mme mlle env ex sra dra srta núm pág sig dott sig.ra ecc ing bijv dhr mevr blz`.split(/\s+/),
)
/** These are words too: only before a number do they stand for something longer. */
const BEFORE_NUMBERS = new Set('no nos p pp s ch sec vol art abs nr fig'.split(' '))
const MONTHS =
  /^(?:Jan|Feb|März|Mär|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez|Jahrhundert|Klasse|Stock|Platz|Kapitel|Tag|Juni|Juli)/u

const segmenters = new Map<string, Intl.Segmenter>()

function segmenter(language: string): Intl.Segmenter {
  const made = segmenters.get(language) ?? new Intl.Segmenter(language, { granularity: 'sentence' })
  segmenters.set(language, made)
  return made
}

/**
 * The sentences of a passage that are surely whole. What is given for the beginning of a text is given for the
 * whole text, too, however it goes on: a sentence ends only when the next one has shown what it begins with.
 */
export function sentencesOf({ text, closed }: Passage, language = 'en'): string[] {
  const joined = text.replaceAll(/[ \t]*\n[ \t]*(?=\p{Ll})/gu, ' ')
  const sentences: string[] = []
  let from = 0
  for (const { index, segment } of segmenter(language).segment(joined)) {
    // What opens belongs to what it opens; the segmenter gives it to the sentence before.
    const end = index + segment.replace(/\p{Ps}+$/u, '').length
    const rest = joined.slice(end)
    const whole = joined.slice(from, end)
    if (rest === '' ? !closed : !(closed || isCertain(whole, rest))) break
    if (rest !== '' && goesOn(whole, rest)) continue
    sentences.push(...pieces(whole.replaceAll(/\s+/g, ' ').trim()))
    from = end
  }
  return sentences.filter((sentence) => /[\p{L}\p{N}]/u.test(sentence))
}

/** Whether the end of a sentence can still turn out to be none. */
function isCertain(sentence: string, rest: string): boolean {
  if (/\n\s*$/.test(sentence)) return /\S/.test(rest)
  // A dot is undone by the first letter after it being a small one, or by the word being the name of a month.
  if (/[.．]["'”’»)\]]*\s*$/.test(sentence)) return /^[^\p{L}]*\p{L}\S*\s/u.test(rest)
  return /\S/.test(rest)
}

function goesOn(sentence: string, rest: string): boolean {
  if (/\n\s*$/.test(sentence)) return false
  const written = sentence.trimEnd()
  if (!written.endsWith('.')) return false
  const last = /[\p{L}\p{N}.]+$/u.exec(written)?.[0].slice(0, -1).toLowerCase() ?? ''
  if (last === written.slice(0, -1).toLowerCase() && /^\d+$/.test(last)) return true
  if (/^\d{1,2}$/.test(last)) return MONTHS.test(rest.trimStart())
  if (/^\p{L}$/u.test(last) || /^(?:\p{L}\.)+\p{L}$/u.test(last)) return true
  if (BEFORE_NUMBERS.has(last) && /^\s*\d/.test(rest)) return true
  return ABBREVIATIONS.has(last) && !(BEFORE_NUMBERS.has(last) && last.length < 3)
}

/** A very long sentence keeps everyone waiting for its sound: it is cut where one would breathe. */
function pieces(sentence: string): string[] {
  const all: string[] = []
  let rest = sentence
  while (rest.length > MOST_CHARS) {
    const head = rest.slice(0, MOST_CHARS)
    const breath = Math.max(
      ...[', ', '; ', ': ', ' – ', ' — ', '、', '，'].map((mark) => head.lastIndexOf(mark)),
    )
    const at = breath >= LEAST_CUT_CHARS ? breath + 1 : Math.max(head.lastIndexOf(' '), 0) || MOST_CHARS
    all.push(rest.slice(0, at).trim())
    rest = rest.slice(at).trim()
  }
  return [...all, rest]
}
