import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ROOT } from './run.mjs'

/** The pages that give account: which letter numbers their lines, and how many lines there are. */
export const ACCOUNTS = [
  { page: 'docs/reliability.md', letter: 'F', count: 68 },
  { page: 'docs/security.md', letter: 'A', count: 112 },
]

/** A line that no test holds and that says why begins with this; one that is still to be held is this word alone. */
export const EXCUSE = 'Not here:'
export const OPEN = 'open'

/** A text in quotes that begins with numbers and a colon: the title of a test, of its group, or of a row of either. */
const TITLE = /(?<!\b(?:skip|todo)\(\s*['"`])(?<=['"`])([FA]\d{1,3}(?:, [FA]\d{1,3})*): /g

/** The numbers that the titles in a text of tests carry. */
export const numbersIn = (text) => [...text.matchAll(TITLE)].flatMap(([, numbers]) => numbers.split(', '))

/** Which files hold which number, by the titles below `test`. */
export function holders(root = ROOT) {
  const found = new Map()
  const names = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  const files = names
    .map((name) => `test/${name.replaceAll('\\', '/')}`)
    .filter((name) => name.endsWith('.ts'))
  for (const file of files.sort()) {
    if (file.startsWith('test/docs/')) continue
    for (const number of numbersIn(readFileSync(join(root, file), 'utf8')))
      found.set(number, (found.get(number) ?? new Set()).add(file))
  }
  return found
}

const link = (page, file) =>
  `[\`${file.replace(/^test\//, '').replace(/(\.test)?\.ts$/, '')}\`](${posix.relative(posix.dirname(page), file)})`

/** The page with its generated columns as the titles give them. What a person wrote in them stays. */
export function filled(page, text, found) {
  return text
    .split('\n')
    .map((line) => {
      const [, number, words, by] = /^\| ([FA]\d+) \| (.*) \| ([^|]*) \|$/.exec(line) ?? []
      if (number === undefined) return line
      const files = [...(found.get(number) ?? [])]
      const kept = by.startsWith(EXCUSE) ? by : OPEN
      return `| ${number} | ${words} | ${files.length > 0 ? files.map((file) => link(page, file)).join(', ') : kept} |`
    })
    .join('\n')
}

/** The page with the promises of the README, word for word, between their marks. */
export function promised(page, text, readme) {
  const [table] = /^\| promise \| held by \|\n(?:\|.*\n)+/m.exec(readme)
  const links = table.replaceAll('](test/', `](${posix.relative(posix.dirname(page), 'test')}/`)
  return text.replace(
    /(<!-- promises -->\n)[\s\S]*(<!-- end of promises -->)/,
    (_, begin, end) => `${begin}\n${links}\n${end}`,
  )
}

/** A page as it should be now. */
export const renewed = (page, text, readme, found = holders()) =>
  promised(page, filled(page, text, found), readme)

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
  for (const { page } of ACCOUNTS) {
    const text = readFileSync(join(ROOT, page), 'utf8')
    writeFileSync(join(ROOT, page), renewed(page, text, readme))
  }
}
