import { describe, expect, test } from 'vitest'
import { Splitter } from '../../src/gateway/chat/frames.ts'
import { inside, latin, split, splitText } from './model.ts'

describe('where an event ends', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ['LF LF', ['data: a\n\ndata: b\n\n'], ['id: 0\ndata: a\n\n', 'id: 1\ndata: b\n\n']],
    ['CRLF CRLF', ['data: a\r\n\r\ndata: b\r\n\r\n'], ['id: 0\ndata: a\r\n\r\n', 'id: 1\ndata: b\r\n\r\n']],
    ['CR CR', ['data: a\r\rdata: b\r\r'], ['id: 0\ndata: a\r\r', 'id: 1\ndata: b\r\r']],
    ['LF CR', ['data: a\n\rdata: b\n\r'], ['id: 0\ndata: a\n\r', 'id: 1\ndata: b\n\r']],
    [
      'CR CR LF: the LF is a blank line of the next',
      ['data: a\r\r\ndata: b\n\n'],
      ['id: 0\ndata: a\r\r', '\nid: 1\ndata: b\n\n'],
    ],
    ['CR CR, LF', ['data: a\r\r', '\ndata: b\n\n'], ['id: 0\ndata: a\r\r', '\nid: 1\ndata: b\n\n']],
    ['CRLF, LF', ['data: a\r\n\ndata: b\n\n'], ['id: 0\ndata: a\r\n\n', 'id: 1\ndata: b\n\n']],
    ['LF CRLF', ['data: a\n\r\ndata: b\n\n'], ['id: 0\ndata: a\n\r\n', 'id: 1\ndata: b\n\n']],
    ['CR of a line, LF of the same line', ['data: a\r', '\ndata: b\n\n'], ['id: 0\ndata: a\r\ndata: b\n\n']],
    [
      'CRLF in halves at the end',
      ['data: a\r\n\r', '\ndata: b\n\n'],
      ['id: 0\ndata: a\r\n\r\n', 'id: 1\ndata: b\n\n'],
    ],
    [
      'CR that was waited for in vain',
      ['data: a\n\r', 'data: b\n\n'],
      ['id: 0\ndata: a\n\r', 'id: 1\ndata: b\n\n'],
    ],
    ['blank lines before', ['\n\r\n\rdata: a\n\n'], ['\n\r\n\rid: 0\ndata: a\n\n']],
    ['blank lines behind', ['data: a\n\n\n\r\n'], ['id: 0\ndata: a\n\n', '\n\r\n']],
    ['comments alone', [': ping\n\n:\n\n'], ['id: 0\n: ping\n\n', 'id: 1\n:\n\n']],
    [
      'a BOM that is not at the very beginning',
      ['data: a\n\n\xef\xbb\xbfid: x\n\n'],
      ['id: 0\ndata: a\n\n', 'id: 1\n\xef\xbb\xbfid: x\n\n'],
    ],
    ['nothing', [''], []],
  ])('%s', (_, reads, chunks) => {
    expect(splitText(...reads)).toEqual(chunks)
  })

  test.each<[string, string]>([
    ['LF', 'data: a\n\n'],
    ['CRLF', 'data: a\r\n\r\n'],
    ['CR', 'data: a\r\r'],
  ])('at its last byte, without waiting for the next: %s', (_, event) => {
    const splitter = new Splitter()
    for (const byte of latin(event)) {
      expect(splitter.take()).toBeUndefined()
      splitter.push(Buffer.of(byte))
    }
    expect(inside(splitter.take())?.text).toBe(`id: 0\n${event}`)
    expect(splitter.carried).toBe(0)
  })
})

describe("an id of the agent's", () => {
  test.each<[string, string]>([
    ['data: a\nid: x\n\n', 'data: a\nid: 0\n\n'],
    ['id: x\ndata: a\n\n', 'id: 0\ndata: a\n\n'],
    ['id\ndata: a\n\n', 'id: 0\ndata: a\n\n'],
    ['id:\ndata: a\n\n', 'id: 0\ndata: a\n\n'],
    ['id:x\r\ndata: a\r\n\r\n', 'id: 0\r\ndata: a\r\n\r\n'],
    ['id: x\rdata: a\r\r', 'id: 0\rdata: a\r\r'],
    ['id: x\ndata: a\nid: y\n\n', 'id: 0\ndata: a\nid: 0\n\n'],
    ['id: a much longer one than ours\n\n', 'id: 0\n\n'],
    ['\xef\xbb\xbfid: x\ndata: a\n\n', '\xef\xbb\xbfid: 0\ndata: a\n\n'],
    ['\xef\xbb\xbfdata: a\n\n', '\xef\xbb\xbfid: 0\ndata: a\n\n'],
  ])('gives its place to ours: %j', (text, chunk) => {
    expect(splitText(text)).toEqual([chunk])
    expect(split([...latin(text)].map((byte) => Uint8Array.of(byte)))).toEqual([chunk])
  })

  test.each(['ident: x', 'id x', ' id: x', 'ID: x', 'i', 'data: id: x', ':id: x'])(
    'is not this: %s',
    (text) => {
      expect(splitText(`${text}\n\n`)).toEqual([`id: 0\n${text}\n\n`])
    },
  )
})

describe('what is unfinished at the end', () => {
  test.each<[string, readonly string[]]>([
    ['data: a', ['id: 0\ndata: a']],
    ['data: a\n\ndata: b', ['id: 0\ndata: a\n\n', 'id: 1\ndata: b']],
    ['id: x', ['id: 0']],
    ['\xef\xbb\xbfdata: a', ['\xef\xbb\xbfid: 0\ndata: a']],
    ['data: a\ndata: b', ['id: 0\ndata: a\ndata: b']],
    ['data: a\nid: x', ['data: a\nid: 0']],
    ['data: a\nid', ['data: a\nid: 0']],
    ['d:\ni', ['id: 0\nd:\ni']],
    ['data: a\nident', ['id: 0\ndata: a\nident']],
    ['data: a\r\n\r', ['id: 0\ndata: a\r\n\r']],
    ['data: a\n\r', ['id: 0\ndata: a\n\r']],
    ['\r', ['\r']],
    ['data: a\n\n\n', ['id: 0\ndata: a\n\n', '\n']],
  ])('is the last chunk, every byte of it: %j', (text, chunks) => {
    expect(splitText(text)).toEqual(chunks)
    expect(split([...latin(text)].map((byte) => Uint8Array.of(byte)))).toEqual(chunks)
  })
})
