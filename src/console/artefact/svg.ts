const MOST_CHARS = 2_000_000

/** An agent's SVG as one that an image can be made of. As an image it runs nothing and loads nothing. */
export function imageOf(text: string): string {
  if (text.length > MOST_CHARS) throw new Error('it is over 2 MB')
  const start = /<svg(?=[\s/>])([^>]*)/i.exec(text)
  if (!start) throw new Error('there is no <svg> in it')
  // What a page takes for SVG, an image does only with its namespace.
  return /\sxmlns\s*=/.test(start[1] ?? '')
    ? text.trim()
    : `${text.slice(0, start.index + 4)} xmlns="http://www.w3.org/2000/svg"${text.slice(start.index + 4)}`.trim()
}
