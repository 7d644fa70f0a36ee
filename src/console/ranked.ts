/** Those whose text has the typed letters in order, the best first: letters that begin words and stand together count more. */
export function ranked<T>(typed: string, all: readonly T[], textOf: (one: T) => string): readonly T[] {
  const letters = typed.toLowerCase().replaceAll(/\s+/g, '')
  if (letters === '') return all
  return all
    .map((one, place) => ({ one, place, score: scoreOf(letters, textOf(one).toLowerCase()) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.place - b.place)
    .map(({ one }) => one)
}

function scoreOf(letters: string, text: string): number {
  let score = 0
  let last = -2
  for (const letter of letters) {
    const at = text.indexOf(letter, last + 1 > 0 ? last + 1 : 0)
    if (at === -1) return 0
    score += at === last + 1 ? 4 : 1
    if (at === 0 || /\W/.test(text[at - 1] ?? ' ')) score += 3
    last = at
  }
  return score - last / 1_000
}
