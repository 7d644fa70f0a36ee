import { existsSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { expect, test } from 'vitest'
import { PAGES, ROOT, read } from './pages.ts'

/** A heading's anchor, as GitHub makes it. */
const anchor = (heading: string) =>
  heading
    .replace(/[`*]/g, '')
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-')

const withoutCode = (markdown: string) => markdown.replace(/^```[\s\S]*?^```/gm, '')

const anchors = (page: string) =>
  [...withoutCode(read(page)).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => anchor(heading))

test.each(PAGES)('every link of %s leads somewhere', (page) => {
  const links = [...withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
  const broken = links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false
    const [path = '', fragment] = link.split('#')
    const target = path === '' ? page : posix.join(dirname(page), path)
    if (!existsSync(join(ROOT, target))) return true
    return fragment !== undefined && !anchors(target).includes(fragment)
  })
  expect(broken).toEqual([])
})

test('every decision is in the list of the architecture', () => {
  const decisions = PAGES.filter((page) => page.startsWith('docs/decisions/'))
  const listed = read('docs/architecture.md')
  expect(decisions.filter((page) => !listed.includes(`](${page.slice('docs/'.length)})`))).toEqual([])
  for (const page of decisions) {
    expect(page).toMatch(/\/\d{4}-[a-z0-9-]+\.md$/)
    for (const part of ['Context', 'Choice', 'Price']) expect(anchors(page)).toContain(part.toLowerCase())
  }
})
