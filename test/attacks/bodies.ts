/** A body for `POST /api/chat`. `passes`: the agent gets these very bytes; otherwise the code of the refusal. */
export interface Said {
  readonly body: string | Uint8Array
  readonly headers?: Readonly<Record<string, string>>
  readonly passes?: true
  readonly code?: string
}

const JSON_TYPE = { 'content-type': 'application/json' }
const passes = (body: Said['body'], headers: Said['headers'] = JSON_TYPE): Said => ({
  body,
  headers,
  passes: true,
})
const refused = (code: string, body: Said['body'], headers: Said['headers'] = JSON_TYPE): Said => ({
  body,
  headers,
  code,
})
const of = (message: string) => `{"messages":[${message}]}`
const latin1 = (text: string) => Buffer.from(text, 'latin1')
const CHAT = '{"messages":[]}'

export const BODIES: readonly (readonly [name: string, said: Said])[] = [
  ['A48: no messages', refused('invalid_request', '{}')],
  ['A48: messages that are no list', refused('invalid_request', '{"messages":{"length":5}}')],
  ['A48: lists in the list', passes('{"messages":[[[]],[]]}')],
  ['A48: an empty list', passes(CHAT)],
  ['A49: a role that is a name of objects', passes(of('{"role":"__proto__","content":"x"}'))],
  ['A49: a role that is a number', passes(of('{"role":42,"content":"x"}'))],
  ['A49: no content', passes(of('{"role":"user","content":null}'))],
  ['A49: content that is an object', passes(of('{"role":"user","content":{"toString":1}}'))],
  ['A49: content of 4 MB', passes(of(`{"role":"user","content":"${'x'.repeat(4_000_000)}"}`))],
  ['A49: members that nobody knows', passes('{"messages":[],"url":"http://evil.example","n":[1]}')],
  [
    'A51: a body under gzip',
    refused('invalid_json', latin1('\x1f\x8b\x08\x00'), { ...JSON_TYPE, 'content-encoding': 'gzip' }),
  ],
  ['A51: a body that says it is under gzip', passes(CHAT, { ...JSON_TYPE, 'content-encoding': 'gzip' })],
  ['A51: a body that says it is under br', passes(CHAT, { ...JSON_TYPE, 'content-encoding': 'br' })],
  ['A52: a depth of 65', passes(`{"messages":[],"d":${'['.repeat(65)}${']'.repeat(65)}}`)],
  ['A52: a depth of 5,000', passes(`{"messages":[],"d":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}`)],
  [
    'A52: a depth of a million',
    passes(`{"messages":[],"d":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`),
  ],
  [
    'A52: a depth of a million that never ends',
    refused('invalid_json', `{"messages":${'['.repeat(1_000_000)}`),
  ],
  [
    'A52: 100,000 names',
    passes(`{"messages":[]${Array.from({ length: 100_000 }, (_, n) => `,"${n}":0`).join('')}}`),
  ],
  ['A52: a number beyond all numbers', passes('{"messages":[],"n":1e400}')],
  ['A52: NaN', refused('invalid_json', '{"messages":[],"n":NaN}')],
  ['A52: a byte order mark', refused('invalid_json', `\ufeff${CHAT}`)],
  ['A52: a name twice, the last no list', refused('invalid_request', '{"messages":[],"messages":1}')],
  ['A52: a name twice, the last a list', passes('{"messages":1,"messages":[]}')],
  ['A52: half of a surrogate pair', passes(of('{"role":"user","content":"\\ud800"}'))],
  [
    'A52: UTF-16',
    refused('invalid_json', Buffer.from(CHAT, 'utf16le'), {
      'content-type': 'application/json; charset=utf-16',
    }),
  ],
  ['A52: bytes that are no UTF-8', refused('invalid_json', latin1('{"messages":["\xff"]}'))],
  ['A52: a trailing comma', refused('invalid_json', '{"messages":[],}')],
  ['A53: __proto__', passes('{"messages":[],"__proto__":{"polluted":"yes","messages":1}}')],
  ['A53: __proto__, escaped', passes('{"messages":[],"\\u005f_proto__":{"polluted":"yes"}}')],
  [
    'A53: constructor and prototype',
    passes('{"messages":[],"constructor":{"prototype":{"polluted":"yes"}}}'),
  ],
  ['A53: messages of the prototype only', refused('invalid_request', '{"__proto__":{"messages":[]}}')],
  ['A54: no type', passes(CHAT, {})],
  ['A54: text/plain', passes(CHAT, { 'content-type': 'text/plain' })],
  ['A54: a tab in the type', refused('bad_request', CHAT, { 'content-type': 'application/json\ta' })],
  ['A54: a type that begins with a space', passes(CHAT, { 'content-type': ' application/json' })],
  ['A54: a type that ends with a semicolon', passes(CHAT, { 'content-type': 'application/json;' })],
  ['A54: a type in capitals', passes(CHAT, { 'content-type': 'APPLICATION/JSON' })],
  ['A54: a type that is none', refused('bad_request', CHAT, { 'content-type': '/; =' })],
  [
    'A54: a form that is none',
    refused('invalid_json', 'messages=[]', { 'content-type': 'application/x-www-form-urlencoded' }),
  ],
  ['A55: null', refused('invalid_request', 'null')],
  ['A55: a list', refused('invalid_request', '[]')],
  ['A55: a text', refused('invalid_request', '"x"')],
  ['A55: a number', refused('invalid_request', '1')],
  ['A55: nothing', refused('invalid_json', '')],
]

/** Ids that no task has, and that would be something else if they were looked up carelessly. */
export const IDS: readonly string[] = [
  '00000000-0000-4000-8000-000000000000',
  '__proto__',
  'constructor',
  'toString',
  '..%2f..%2fetc%2fpasswd',
  '%00',
  '%0d%0aSet-Cookie:%20a=b',
  '%F0%9F%91%BB',
  '*',
  'x'.repeat(4_000),
  'tasks',
]
