/** What a client may say on the log's socket that closes it, and with which code. */

const masked = (opcode: number, payload = Buffer.alloc(0), first = 0x80 | opcode) =>
  Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), payload])
const close = (code: number) => masked(8, Buffer.from([code >> 8, code & 255]))
const hex = (text: string) => Buffer.from(text, 'hex')
const kilobyte = (first: number) =>
  Buffer.concat([Buffer.from([first]), hex('fe040000000000'), Buffer.alloc(1024)])
const repeated = (count: number, bytes: Buffer) => Buffer.concat(Array.from({ length: count }, () => bytes))

export const FRAMES: readonly (readonly [name: string, bytes: Buffer, codes: readonly number[]])[] = [
  ['A27: an unmasked frame', hex('81026869'), [1002]],
  ['A27: a reserved opcode', masked(3), [1002]],
  ['A27: a reserved control opcode', masked(0xb), [1002]],
  ['A27: a reserved bit', masked(1, Buffer.from('a'), 0xa1), [1002]],
  ['A27: a bit for compression that nobody agreed to', masked(1, Buffer.from('a'), 0xc1), [1002]],
  ['A27: a ping in pieces', masked(9, Buffer.alloc(0), 0x09), [1002]],
  ['A27: a ping of 126 bytes', hex('89fe007e00000000'), [1002]],
  ['A27: text that is not UTF-8', masked(1, Buffer.from([0xc3, 0x28])), [1007]],
  ['A27: a continuation of nothing', masked(0, Buffer.from('a')), [1002]],
  [
    'A27: a second message within the first',
    Buffer.concat([masked(1, Buffer.from('a'), 0x01), masked(1)]),
    [1002],
  ],
  ['A27: the close code 999', close(999), [1002]],
  ['A27: the close code 1005', close(1005), [1002]],
  ['A27: a close of one byte', masked(8, Buffer.from([3])), [1002]],
  ['A27: a close with words that are not UTF-8', masked(8, Buffer.from([3, 0xe8, 0xff])), [1007]],
  ['A28: a frame of 2^62 bytes', hex('82ff400000000000000000000000'), [1009]],
  ['A28: a frame of 2^63 bytes', hex('82ff800000000000000000000000'), [1009]],
  ['A28: a frame of 200 MB', hex('82ff000000000bebc20000000000'), [1009]],
  ['A28: a frame of 64 KiB and a byte', hex('82ff000000000001000100000000'), [1009]],
  [
    'A28: pieces that add up to too much',
    Buffer.concat([kilobyte(0x02), repeated(4, kilobyte(0x00))]),
    [1009],
  ],
  [
    'A29: a message in endless pieces',
    Buffer.concat([masked(1, Buffer.from('a'), 0x01), repeated(200, masked(0, Buffer.from('a'), 0x00))]),
    [1008],
  ],
  [
    'A29: a message in endless empty pieces',
    Buffer.concat([masked(1, Buffer.alloc(0), 0x01), repeated(200, masked(0, Buffer.alloc(0), 0x00))]),
    [1008],
  ],
  ['A30: a thousand messages at once', repeated(1_000, masked(1, Buffer.from('a'))), [1008]],
  ['A30: a thousand pings at once', repeated(1_000, masked(9)), [1008]],
]

/** What a client may say without anything coming of it. */
export const IGNORED: readonly string[] = [
  '{"type":"log","content":"forged","is_error":true}',
  '{"__proto__":{"polluted":1}}',
  'null',
  '['.repeat(4_000),
  '\u0000',
  'subscribe',
]
export const text = (words: string) => {
  const bytes = Buffer.from(words)
  const head =
    bytes.length < 126
      ? Buffer.from([0x81, 0x80 | bytes.length])
      : Buffer.from([0x81, 0xfe, bytes.length >> 8, bytes.length & 255])
  return Buffer.concat([head, Buffer.alloc(4), bytes])
}
