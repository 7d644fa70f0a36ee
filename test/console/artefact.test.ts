import { describe, expect, test } from 'vitest'
import { fileKind, nameIn, ownFile, typeOf } from '../../src/console/artefact/bytes.ts'
import { isWorthRunning, kindOf } from '../../src/console/artefact/kinds.ts'
import { documentOf, MOST_SVG_CHARS, readDiagram, readReady } from '../../src/console/artefact/preview.ts'
import { imageOf } from '../../src/console/artefact/svg.ts'
import { Blocks } from '../../src/console/blocks.ts'

describe('a fence', () => {
  test.each([
    ['```html\n<p>\n```', true],
    ['```html\n<p>\n```  \n', true],
    ['~~~~csv\na\n~~~~~', true],
    ['```html\n<p>', false],
    ['```html\n<p>\n``', false],
    ['````html\n<p>\n```', false],
    ['```html\n<p>\n~~~', false],
    ['```html', false],
    ['```html\n', false],
    ['```', false],
  ])('%j is closed: %s', (text, closed) => {
    expect(new Blocks().update(text)).toMatchObject([{ kind: 'code', closed }])
  })

  test.each(['__proto__', 'constructor', 'toString', 'ts', ''])('%j is no kind of artefact', (language) => {
    expect(kindOf(language)).toBeUndefined()
  })

  test.each([
    ["import fs from 'fs'", false],
    ["const a = require('a')", false],
    ['process.exit()', false],
    ['document.body.append("x")', true],
    ['console.log(1)', true],
  ])('of code %j is worth running: %s', (code, worth) => {
    expect(isWorthRunning('js', code)).toBe(worth)
  })

  test.each([
    ['body { color: red }', true],
    ['h1, .x { color: red }', true],
    ['.menu-item { color: red }', false],
    ['.a-button { color: red }', false],
  ])('of style %j is worth showing: %s', (code, worth) => {
    expect(isWorthRunning('css', code)).toBe(worth)
  })
})

describe('a message of a frame', () => {
  test.each([
    [null],
    ['ghost:preview-ready'],
    [[]],
    [{ type: 'setKey', key: 'x' }],
    [{ type: 'ghost:diagram' }],
    [{ type: 'ghost:diagram', step: '__proto__' }],
    [{ type: 'ghost:diagram', step: { toString: () => 'drawn' } }],
    [JSON.parse('{"__proto__":{"type":"ghost:diagram","step":"drawn"}}')],
  ])('A93: %j is not listened to', (message) => {
    expect(readDiagram(message)).toBeUndefined()
    expect(readReady(message)).toBe(false)
  })

  test.each([
    ['no text', { svg: { length: 3 } }],
    ['text that is no drawing', { svg: '<script>' }],
    ['a drawing of megabytes', { svg: `<svg>${'x'.repeat(MOST_SVG_CHARS)}` }],
  ])('with %s is a failure', (_, more) => {
    expect(readDiagram({ type: 'ghost:diagram', step: 'drawn', ...more })).toMatchObject({ step: 'failed' })
  })

  test.each([
    [1e9, 20_000],
    [-5, 1],
    [Number.NaN, 300],
    [Number.POSITIVE_INFINITY, 300],
    ['12', 300],
    [12.4, 12],
  ])('A93: of size %s is taken for %s', (given, taken) => {
    const message = { type: 'ghost:diagram', step: 'drawn', svg: '<svg/>', width: given, height: given }
    expect(readDiagram(message)).toMatchObject({ width: taken, height: taken })
  })

  test('fails in few words', () => {
    const message = readDiagram({ type: 'ghost:diagram', step: 'failed', trouble: 'x'.repeat(9_000) })
    expect(JSON.stringify(message).length).toBeLessThan(500)
  })
})

describe('what is sent to the frame', () => {
  test.each(['js', 'css'] as const)('ends no element of the page around %s', (kind) => {
    const code = 'a</script><!--<script></style>\u2028"\\'
    const page = documentOf(kind, code)
    expect(page).not.toContain('a</script>')
    expect(page).not.toContain('<!--')
    const literal = /(?:script\.|\{)textContent[=:]("(?:[^"\\]|\\.)*")/.exec(page)?.[1]
    expect(JSON.parse(literal ?? '')).toBe(code)
  })
})

describe('a file', () => {
  const bytes = (text: string) => Uint8Array.from(text, (it) => it.charCodeAt(0))

  test.each([
    ['\x89PNG\r\n\x1a\n....', 'image/png'],
    ['\xff\xd8\xff\xe0', 'image/jpeg'],
    ['GIF89a', 'image/gif'],
    ['RIFF....WEBPVP8', 'image/webp'],
    ['%PDF-1.7', 'application/pdf'],
    ['JUNK....WEBP', undefined],
    ['<svg xmlns=', undefined],
    ['<html>', undefined],
    [' %PDF-', undefined],
    ['', undefined],
  ])('that begins %j is %s', (start, type) => {
    expect(typeOf(bytes(start))).toBe(type)
  })

  const HERE = 'http://gateway.test:8080'
  test.each([
    ['/api/download/a.png', '/api/download/a.png'],
    ['api/download/a%20b.png?x=1#y', '/api/download/a%20b.png'],
    [`${HERE}/api/download/d/a.png`, '/api/download/d/a.png'],
    ['/api/download/', undefined],
    ['/api/download/../chat/tasks', undefined],
    ['/api/download/%2e%2e/chat', undefined],
    ['/api/chat', undefined],
    ['//evil.example/api/download/a.png', undefined],
    ['http://evil.example/api/download/a.png', undefined],
    ['http://x@gateway.test:8080/api/download/a.png', undefined],
    ['\\\\evil.example/api/download/a.png', undefined],
    ['javascript:/api/download/a', undefined],
    ['blob:http://gateway.test:8080/api/download/a', undefined],
    ['http://', undefined],
  ])('%s is one of the agent: %s', (href, path) => {
    expect(ownFile(href, HERE)).toBe(path)
  })

  test('has a name that a person reads, even a broken one', () => {
    expect(nameIn('/api/download/d/a%20%C3%A4.pdf')).toBe('a ä.pdf')
    expect(nameIn('/api/download/%zz')).toBe('%zz')
    expect([fileKind('/a/B.PNG'), fileKind('/a/b.pdf'), fileKind('/a/b.svg')]).toEqual([
      'image',
      'pdf',
      'other',
    ])
  })
})

describe('a drawing', () => {
  test('gets the name of its language where a page would not need it', () => {
    expect(imageOf('<svg viewBox="0 0 1 1"/>')).toBe(
      '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>',
    )
    expect(imageOf('<svg xmlns="http://www.w3.org/2000/svg"/>')).toBe(
      '<svg xmlns="http://www.w3.org/2000/svg"/>',
    )
  })

  test('is refused when it is none', () => {
    expect(() => imageOf('<svgx>')).toThrow('no <svg>')
    expect(() => imageOf(`<svg>${'x'.repeat(2_000_001)}`)).toThrow('over 2 MB')
  })
})
