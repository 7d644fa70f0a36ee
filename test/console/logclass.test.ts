import { describe, expect, test } from 'vitest'
import { classOf, levelOf, monologueOf, partsOf } from '../../src/console/logclass.ts'
import { EVERYTHING, FilteredLog, textOf } from '../../src/console/logfilter.ts'
import { LogRing } from '../../src/console/logring.ts'

const STAMP = '2025-11-22 10:00:13.456 [a1b2c3d4] '

describe('a line of the log', () => {
  test.each([
    [`${STAMP}📖 READ FILE : notes.md`, 'memory'],
    [`${STAMP}🔧 TOOL CALL : grep`, 'tool'],
    [`${STAMP}⚙️ SETTING UP`, 'tool'],
    [`${STAMP}🗂️ INDEX`, 'memory'],
    [`${STAMP}🧠 PLANNER MONOLOGUE : run the tool`, 'think'],
    [`${STAMP}📋 PLAN : three steps`, 'plan'],
    [`${STAMP}✅ DONE`, 'accent'],
    [`${STAMP}⚠️ WARNING : slow`, 'accent'],
    [`${STAMP}🛑 REQUEST FINISHED : the client left`, 'accent'],
    [`${STAMP}❌ it broke`, 'error'],
    ['2025-11-22T10:00:13Z INFO: fetching the page', 'tool'],
    ['10:00:13 thinking about it', 'think'],
    ['no error was found', 'idle'],
    ['', 'idle'],
  ])('%s is of the class %s', (content, of) => {
    expect(classOf(content, false)).toBe(of)
  })

  test('is an error when the gateway says so, whatever its icon', () => {
    expect(classOf(`${STAMP}✅ ERROR handled`, true)).toBe('error')
    expect(levelOf(`${STAMP}✅ ERROR handled`, true)).toBe('error')
  })

  test.each([
    ['2025-11-22T10:00:13Z DEBUG: bytes', 'debug'],
    ['2025-11-22T10:00:13Z WARNING: slow', 'warning'],
    [`${STAMP}⚠️ SLOW`, 'warning'],
    [`${STAMP}💥 CRASH`, 'error'],
    [`${STAMP}🚀 REQUEST STARTED`, 'info'],
    ['words', 'info'],
  ])('%s has the level %s', (content, level) => {
    expect(levelOf(content, false)).toBe(level)
  })

  test.each([
    `${STAMP}📖 READ FILE : notes.md`,
    `${STAMP}⚙️ SET ⟨U+202E⟩`,
    '2025-11-22T10:00:13Z INFO: fetching',
    '10:00:13 👩⟨U+200D⟩💻 CODE : x',
    '🔧CALL: x',
    'words : and more',
    '',
  ])('%j loses nothing when it is taken apart', (content) => {
    expect(Object.values(partsOf(content)).join('')).toBe(content)
  })

  test('has its icon and its title apart from its words', () => {
    expect(partsOf(`${STAMP}⚙️ SET UP : x`)).toEqual({
      stamp: STAMP,
      icon: '⚙️ ',
      title: 'SET UP',
      rest: ' : x',
    })
    expect(partsOf('🔧CALL: x')).toMatchObject({ icon: '🔧', title: 'CALL' })
  })
})

describe('the monologue', () => {
  test.each([
    [`${STAMP}🧠 PLANNER MONOLOGUE : let me think`, 'let me think'],
    ['planner monologue: in small letters', 'in small letters'],
    ['[x] Planner  Monologue :  two\t words ', 'two words'],
    [`${STAMP}🧠 PLANNER MONOLOGUE : `, undefined],
    [`${STAMP}📖 READ FILE : monologue.md`, undefined],
  ])('of %j is %j', (content, thought) => {
    expect(monologueOf(content)).toBe(thought)
  })

  test('is one line that ends', () => {
    const thought = monologueOf(`PLANNER MONOLOGUE : ${'word\n'.repeat(1_000)}`) ?? ''
    expect(thought).toMatch(/^(word )+.*…$/)
    expect(thought.length).toBe(280)
  })
})

describe('the filter', () => {
  const ring = new LogRing()
  ring.add([
    { content: 'DEBUG bytes', is_error: false },
    { content: 'INFO Words', is_error: false },
    { content: 'WARN words', is_error: false },
    { content: 'ERROR words', is_error: true },
  ])
  const shown = (text: string, level: 'debug' | 'info' | 'warning' | 'error') =>
    textOf(new FilteredLog({ text, level }).pages(ring.pages)).split('\n')

  test('shows what has the text, in any letters, and is at least as bad', () => {
    expect(shown('', 'debug')).toHaveLength(4)
    expect(shown(' WORDS ', 'debug')).toEqual(['INFO Words', 'WARN words', 'ERROR words'])
    expect(shown('', 'warning')).toEqual(['WARN words', 'ERROR words'])
    expect(shown('bytes', 'error')).toEqual([''])
  })

  test('looks at a page only once', () => {
    const filtered = new FilteredLog({ ...EVERYTHING, text: 'words' })
    expect(filtered.pages(ring.pages)[0]).toBe(filtered.pages(ring.pages)[0])
  })
})
